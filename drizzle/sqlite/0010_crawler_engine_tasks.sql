DROP INDEX `crawler_tasks_ready_ix`;--> statement-breakpoint
DROP INDEX `crawler_tasks_ready_type_ix`;--> statement-breakpoint
DROP INDEX `crawler_tasks_silent_ix`;--> statement-breakpoint
ALTER TABLE `crawler_tasks` ADD `engine_task_id` text;--> statement-breakpoint
CREATE INDEX `crawler_tasks_running_ix` ON `crawler_tasks` (`status`,`active_at`) WHERE "crawler_tasks"."status" = 'running';--> statement-breakpoint
CREATE INDEX `crawler_tasks_unadopted_ix` ON `crawler_tasks` (`id`) WHERE "crawler_tasks"."engine_task_id" is null;