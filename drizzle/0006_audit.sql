CREATE TABLE `chain_heads` (
	`stream` text PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL,
	`hash` text NOT NULL,
	`tx` text NOT NULL
) WITHOUT ROWID;
