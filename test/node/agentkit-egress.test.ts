import { describe, expect, test } from "vitest";
import { checkEgress } from "../../src/agentkit/egress.ts";

const refused: readonly (readonly [url: string, reason: string])[] = [
  // One loopback, many spellings.
  ["http://127.0.0.1:9000/", "loopback address 127.0.0.1"],
  ["http://127.1/", "loopback address 127.0.0.1"],
  ["http://2130706433/", "loopback address 127.0.0.1"],
  ["http://0x7f000001/", "loopback address 127.0.0.1"],
  ["http://0x7f.0.0.1/", "loopback address 127.0.0.1"],
  ["http://0177.0.0.1/", "loopback address 127.0.0.1"],
  ["http://017700000001/", "loopback address 127.0.0.1"],
  ["http://127.0.0.1./", "loopback address 127.0.0.1"],
  ["http://127%2e0%2e0%2e1/", "loopback address 127.0.0.1"],
  ["http://１２７.0.0.1/", "loopback address 127.0.0.1"],
  ["http://127。0。0。1/", "loopback address 127.0.0.1"],
  ["http:\\\\127.0.0.1\\", "loopback address 127.0.0.1"],
  [" http://127.0.0.1/ ", "loopback address 127.0.0.1"],
  ["HTTP://127.255.255.254/", "loopback address 127.255.255.254"],
  ["http://[::1]/", "loopback address ::1"],
  ["http://[0:0:0:0:0:0:0:1]/", "loopback address ::1"],
  ["http://[::ffff:127.0.0.1]/", "loopback address ::ffff:7f00:1"],
  // The rest of IPv4.
  ["http://0.0.0.0/", "unspecified address 0.0.0.0"],
  ["http://0/", "unspecified address 0.0.0.0"],
  ["http://10.0.0.5:9000/", "private address 10.0.0.5"],
  ["http://167772165/", "private address 10.0.0.5"],
  ["http://172.16.0.1/", "private address 172.16.0.1"],
  ["http://172.31.255.255/", "private address 172.31.255.255"],
  ["http://192.168.1.1/", "private address 192.168.1.1"],
  ["http://0300.0250.1.1/", "private address 192.168.1.1"],
  ["http://100.64.0.1/", "carrier-grade NAT address 100.64.0.1"],
  ["http://100.127.255.255/", "carrier-grade NAT address 100.127.255.255"],
  ["http://169.254.1.1/", "link-local address 169.254.1.1"],
  ["http://169.254.169.254/latest/meta-data/", "metadata address 169.254.169.254"],
  ["http://2852039166/", "metadata address 169.254.169.254"],
  ["http://168.63.129.16/", "metadata address 168.63.129.16"],
  ["http://192.0.0.192/", "reserved address 192.0.0.192"],
  ["http://198.18.0.1/", "benchmarking address 198.18.0.1"],
  ["http://224.0.0.1/", "multicast address 224.0.0.1"],
  ["http://255.255.255.255/", "reserved address 255.255.255.255"],
  // The rest of IPv6.
  ["http://[::]/", "unspecified address ::"],
  ["http://[::ffff:10.0.0.5]/", "private address ::ffff:a00:5"],
  ["http://[::ffff:a9fe:a9fe]/", "metadata address ::ffff:a9fe:a9fe"],
  ["http://[::7f00:1]/", "reserved address ::7f00:1"],
  ["http://[64:ff9b::10.0.0.5]/", "NAT64 address 64:ff9b::a00:5"],
  ["http://[64:ff9b:1::1]/", "NAT64 address 64:ff9b:1::1"],
  ["http://[2002:7f00:1::]/", "6to4 address 2002:7f00:1::"],
  ["http://[2001::1]/", "Teredo address 2001::1"],
  ["http://[2001:db8::1]/", "documentation address 2001:db8::1"],
  ["http://[fe80::1]/", "link-local address fe80::1"],
  ["http://[febf::1]/", "link-local address febf::1"],
  ["http://[fec0::1]/", "site-local address fec0::1"],
  ["http://[fc00::1]/", "unique-local address fc00::1"],
  ["http://[fd12:3456::1]/", "unique-local address fd12:3456::1"],
  ["http://[fd00:ec2::254]/", "metadata address fd00:ec2::254"],
  ["http://[ff02::1]/", "multicast address ff02::1"],
  // Names.
  ["http://localhost:8001/", "local name localhost"],
  ["http://LOCALHOST./", "local name localhost"],
  ["http://api.localhost/", "local name api.localhost"],
  ["http://metadata.google.internal/", "local name metadata.google.internal"],
  ["http://metadata.google.internal./", "local name metadata.google.internal"],
  ["http://printer.local/", "local name printer.local"],
  ["http://router.home.arpa/", "local name router.home.arpa"],
  ["http://redis:6379/", "local name redis"],
];

const refusedAlways: readonly (readonly [url: string, reason: string])[] = [
  ["http://user:pass@agent.example.com/", "a URL with a user name or password"],
  ["http://agent.example.com@10.0.0.5/", "a URL with a user name or password"],
  ["http://:secret@agent.example.com/", "a URL with a user name or password"],
  ["ftp://agent.example.com/", "scheme ftp (only http and https)"],
  ["file:///etc/passwd", "scheme file (only http and https)"],
  ["javascript:alert(1)", "scheme javascript (only http and https)"],
  ["agent.example.com:8080", "scheme agent.example.com (only http and https)"],
  ["/task", "a text that is not an absolute URL"],
  ["http://", "a text that is not an absolute URL"],
  ["http://[::1%25eth0]/", "a text that is not an absolute URL"],
  ["http://1.2.3.256/", "a text that is not an absolute URL"],
  ["http://agent.example.com:99999/", "a text that is not an absolute URL"],
  ["", "a text that is not an absolute URL"],
];

const allowed: readonly (readonly [url: string, called: string])[] = [
  ["https://agent.example.com/task?x=1", "https://agent.example.com/task?x=1"],
  ["http://AGENT.example.com:80", "http://agent.example.com/"],
  ["http://agent.example.com./", "http://agent.example.com./"],
  ["http://localhost.example.com/", "http://localhost.example.com/"],
  ["http://notlocal.example/", "http://notlocal.example/"],
  ["http://8.8.8.8/", "http://8.8.8.8/"],
  ["http://172.15.0.1/", "http://172.15.0.1/"],
  ["http://172.32.0.1/", "http://172.32.0.1/"],
  ["http://100.63.0.1/", "http://100.63.0.1/"],
  ["http://100.128.0.1/", "http://100.128.0.1/"],
  ["http://192.169.0.1/", "http://192.169.0.1/"],
  ["http://[2606:4700::1111]/", "http://[2606:4700::1111]/"],
  ["http://[::ffff:8.8.8.8]/", "http://[::ffff:808:808]/"],
];

describe("egress policy public", () => {
  test.each([...refused, ...refusedAlways])("refuses %s", (url, reason) => {
    expect(checkEgress(url, "public")).toEqual({ ok: false, reason });
  });

  test.each(allowed)("allows %s", (url, called) => {
    expect(checkEgress(url, "public")).toEqual({ ok: true, url: called, publicOnly: true });
  });
});

describe("egress policy local", () => {
  test.each(refused)("allows %s", (url) => {
    expect(checkEgress(url, "local")).toEqual({ ok: true, url: new URL(url).href, publicOnly: false });
  });

  test.each(refusedAlways)("still refuses %s", (url, reason) => {
    expect(checkEgress(url, "local")).toEqual({ ok: false, reason });
  });
});

test("a reason never echoes more than 64 characters of the input", () => {
  const decision = checkEgress(`http://${"a.".repeat(100)}local/`, "public");
  expect(decision).toEqual({ ok: false, reason: `local name ${"a.".repeat(31)}a…` });
});
