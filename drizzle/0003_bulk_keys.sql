CREATE TABLE `bulk_keys` (
	`key` text PRIMARY KEY NOT NULL,
	`request` text NOT NULL
) WITHOUT ROWID;
