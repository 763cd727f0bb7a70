CREATE TABLE `keys` (
	`id` text PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL,
	`name` text NOT NULL,
	`role` text,
	`scopes` text NOT NULL,
	`mac` text NOT NULL,
	`created_at` integer NOT NULL,
	`created_by` text NOT NULL,
	`expires_at` integer,
	`last_used_at` integer,
	`rotated_at` integer,
	`overlaps` text NOT NULL,
	`revoked` text
) WITHOUT ROWID;
