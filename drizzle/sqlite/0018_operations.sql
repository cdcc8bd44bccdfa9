CREATE TABLE `attention_mutes` (
	`id` text PRIMARY KEY NOT NULL,
	`until` integer NOT NULL,
	`reason` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `attention_mutes_until_ix` ON `attention_mutes` (`until`);--> statement-breakpoint
CREATE TABLE `run_events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`run_id` integer NOT NULL,
	`at` integer NOT NULL,
	`event` text NOT NULL,
	`data` text,
	FOREIGN KEY (`run_id`) REFERENCES `parsing_runs`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `run_events_run_ix` ON `run_events` (`run_id`,`id`);--> statement-breakpoint
CREATE TABLE `run_logs` (
	`run_id` integer NOT NULL,
	`n` integer NOT NULL,
	`at` integer NOT NULL,
	`level` text NOT NULL,
	`message` text NOT NULL,
	`fields` text,
	PRIMARY KEY(`run_id`, `n`),
	FOREIGN KEY (`run_id`) REFERENCES `parsing_runs`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `run_logs_age_ix` ON `run_logs` (`at`);--> statement-breakpoint
ALTER TABLE `parsing_runs` ADD `worker_id` text;--> statement-breakpoint
ALTER TABLE `parsing_runs` ADD `attempts` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `parsing_runs` ADD `batches` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `parsing_runs` ADD `items_duplicate` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `parsing_runs` ADD `error_group` text;--> statement-breakpoint
ALTER TABLE `parsing_runs` ADD `log_lines` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `parsing_runs_status_ix` ON `parsing_runs` (`status`,"id" desc);--> statement-breakpoint
CREATE INDEX `parsing_runs_error_ix` ON `parsing_runs` (`error_group`,"id" desc) WHERE "parsing_runs"."error_group" is not null;