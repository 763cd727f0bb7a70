/** What commands do on this very machine, without the API. Handed in by the entry, which alone may touch the store. */
export interface Local {}
