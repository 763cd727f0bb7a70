CREATE TABLE `replies` (
	`key` text PRIMARY KEY NOT NULL,
	`body_hash` text NOT NULL,
	`nonce` text NOT NULL,
	`since` integer NOT NULL,
	`until` integer NOT NULL,
	`created_at` integer NOT NULL,
	`effect` text,
	`status` integer,
	`location` text,
	`body` text
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `replies_created` ON `replies` (`created_at`);