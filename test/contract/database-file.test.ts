import { describe, expect, it } from "vitest";
import { databaseFile, databaseFileFault } from "../../src/contract/database-file.ts";

describe("the file of a database URL", () => {
  it.each([
    ["file:x.db", "x.db"],
    ["file:data/x.db", "data/x.db"],
    ["file:/tmp/x.db", "/tmp/x.db"],
    ["file:///tmp/x.db", "/tmp/x.db"],
    ["file:////tmp/x.db", "/tmp/x.db"],
    // As they stand: what is refused at a server's start is one file to all who are given it all the same.
    ["file:50%20 #1.db", "50%20 #1.db"],
    ["file:x.db?tls=0", "x.db?tls=0"],
    ["file://localhost/tmp/x.db", "/localhost/tmp/x.db"],
    // What the driver would take for another database.
    ["file:file:x.db", "./file:x.db"],
    ["file:libsql://h", "./libsql://h"],
  ])("of %s is %s", (url, path) => {
    expect(databaseFile(url)).toBe(path);
  });

  it.each([":memory:", "file::memory:", "libsql://file:x", "https://h/x.db"])("of %s is none", (url) => {
    expect(databaseFile(url)).toBeNull();
  });

  it("has no fault if everybody reads it alike", () => {
    for (const url of ["file:x.db", "file:/x.db", "file:///x.db", "file:a%20b#c", "libsql://h/?tls=0"])
      expect(databaseFileFault(url)).toBeNull();
  });
});
