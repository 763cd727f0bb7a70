CREATE TABLE `agent_capabilities` (
	`capability` text NOT NULL,
	`agent_id` text NOT NULL,
	PRIMARY KEY(`capability`, `agent_id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `agent_log` (
	`agent_id` text NOT NULL,
	`at` integer NOT NULL,
	`received_at` integer NOT NULL,
	`digest` text NOT NULL,
	`sent` text NOT NULL,
	`sent_us` integer NOT NULL,
	`state` text NOT NULL,
	`meaning` text NOT NULL,
	`details` text,
	`attempt` text,
	`outcome` text,
	PRIMARY KEY(`agent_id`, `at`, `received_at`, `digest`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `agents` (
	`id` text PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL,
	`tx` text NOT NULL,
	`log_seq` integer NOT NULL,
	`log_hash` text NOT NULL,
	`name` text NOT NULL,
	`version` text NOT NULL,
	`capabilities` text NOT NULL,
	`contact_endpoint` text,
	`metadata` text,
	`admission` text NOT NULL,
	`registered_at` integer NOT NULL,
	`signed_at` integer NOT NULL,
	`superseded_by` text,
	`aliases` text NOT NULL,
	`queues` text NOT NULL,
	`capacity` integer NOT NULL,
	`tasks` text NOT NULL,
	`settled` text NOT NULL,
	`claimed_at` integer NOT NULL,
	`missed_at` integer,
	`contact_at` integer,
	`reached_by_agentkit` integer NOT NULL,
	`reports_promptly` integer
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `agents_name` ON `agents` (`name`) WHERE name <> '';--> statement-breakpoint
CREATE TABLE `log` (
	`pos` integer PRIMARY KEY NOT NULL,
	`stream` text NOT NULL,
	`seq` integer NOT NULL,
	`tx` text NOT NULL,
	`at` integer NOT NULL,
	`v` integer NOT NULL,
	`cause` text NOT NULL,
	`events` text NOT NULL,
	`hash` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `log_stream` ON `log` (`stream`,`seq`);--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL,
	`tx` text NOT NULL,
	`status` text NOT NULL,
	`hash` text NOT NULL,
	`workflow_id` text NOT NULL,
	`revision` integer NOT NULL,
	`definition_hash` text NOT NULL,
	`head` text NOT NULL,
	`needs` text NOT NULL,
	`due_at` integer,
	`started_at` integer NOT NULL,
	`idempotency_key` text,
	`body_hash` text
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `sessions_due` ON `sessions` (`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX `sessions_idempotency` ON `sessions` (`idempotency_key`) WHERE idempotency_key IS NOT NULL;--> statement-breakpoint
CREATE TABLE `waiting_tasks` (
	`queue` text NOT NULL,
	`order_key` integer NOT NULL,
	`task_id` text NOT NULL,
	`session_id` text NOT NULL,
	`not_agents` text NOT NULL,
	PRIMARY KEY(`queue`, `order_key`, `task_id`)
) WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `workflows` (
	`workflow_id` text NOT NULL,
	`revision` integer NOT NULL,
	`hash` text NOT NULL,
	`body` text NOT NULL,
	`needs` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`workflow_id`, `revision`, `hash`)
) WITHOUT ROWID;
