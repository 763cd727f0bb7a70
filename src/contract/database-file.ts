const FILE = "file:";

/** A database in memory: each connection has one of its own. */
export const isInMemory = (url: string): boolean => /^(?:file:)?:memory:$/.test(url);

/**
 * The path of an embedded database, the same for all who touch the file: lock, migrations, engine, readers and the key
 * beside it. Everything after `file:` is the path as it stands: nothing is decoded, and `?` and `#` are part of a name.
 * `null`: there is no file, the database being in memory or a server's.
 */
export const databaseFile = (url: string): string | null => {
  if (!url.startsWith(FILE) || isInMemory(url)) return null;
  const path = url.slice(FILE.length).replace(/^\/{2,}/, "/");
  // The driver would take a name like this for a URL, and open something else.
  return /^[A-Za-z][A-Za-z+.-]+:/.test(path) ? `./${path}` : path;
};

/**
 * Why a `file:` URL cannot be a server's database, or `null`: what others read differently than it stands is refused,
 * not guessed at. Never repeats the URL.
 */
export const databaseFileFault = (url: string): string | null => {
  if (!url.startsWith(FILE)) return null;
  if (url === FILE) return "names no file, expected file:<path>";
  if (url.includes("?"))
    return 'has a "?": a file takes no options, and its name may not have one; expected file:<path>';
  if (/^file:\/\/(?!\/)/.test(url))
    return "names a host before the path, expected file:<path> or file:///<path from the root>";
  if (url.startsWith("file::memory:")) return "is in memory and would be lost with the process, expected file:<path>";
  return null;
};
