CREATE TABLE `live_events` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`topics` text NOT NULL,
	`type` text NOT NULL,
	`at` integer NOT NULL,
	`data` text NOT NULL
);
--> statement-breakpoint
CREATE INDEX `live_events_at_ix` ON `live_events` (`at`);--> statement-breakpoint
CREATE TABLE `series_points` (
	`name` text NOT NULL,
	`step` integer NOT NULL,
	`at` integer NOT NULL,
	`label` text NOT NULL,
	`total` real NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`name`, `step`, `at`, `label`)
);
--> statement-breakpoint
CREATE INDEX `series_points_label_ix` ON `series_points` (`name`,`step`,`label`,`at`);--> statement-breakpoint
CREATE INDEX `series_points_age_ix` ON `series_points` (`step`,`at`);