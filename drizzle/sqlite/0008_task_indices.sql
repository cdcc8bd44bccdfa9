DROP INDEX `tasks_finished_ix`;--> statement-breakpoint
DROP INDEX `tasks_kind_ix`;--> statement-breakpoint
CREATE INDEX `tasks_kind_ix` ON `tasks` (`kind`,`state`,`id`) WHERE "tasks"."state" <> 'leased';