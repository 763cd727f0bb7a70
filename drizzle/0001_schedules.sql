CREATE TABLE `schedules` (
	`id` text PRIMARY KEY NOT NULL,
	`incarnation` text NOT NULL,
	`seq` integer NOT NULL,
	`spec` text NOT NULL,
	`state` text NOT NULL,
	`next_at` integer,
	`waits_for` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`idempotency_key` text,
	`body_hash` text
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `schedules_due` ON `schedules` (`next_at`) WHERE next_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `schedules_waiting` ON `schedules` (`waits_for`) WHERE waits_for IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `schedules_idempotency` ON `schedules` (`idempotency_key`) WHERE idempotency_key IS NOT NULL;