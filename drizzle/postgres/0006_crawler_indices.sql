DROP INDEX "crawler_events_created_ix";--> statement-breakpoint
DROP INDEX "crawler_tasks_finished_ix";--> statement-breakpoint
DROP INDEX "crawler_tasks_ready_ix";--> statement-breakpoint
DROP INDEX "crawler_tasks_ready_type_ix";--> statement-breakpoint
DROP INDEX "crawler_tasks_silent_ix";--> statement-breakpoint
CREATE INDEX "crawler_tasks_finished_ix" ON "crawler_tasks" USING btree ("status","finished_at") WHERE "crawler_tasks"."finished_at" is not null;--> statement-breakpoint
CREATE INDEX "crawler_tasks_ready_ix" ON "crawler_tasks" USING btree ("leasable","priority" desc,"created_at","id" collate "C") WHERE "crawler_tasks"."status" in ('queued', 'credential_renewed') and "crawler_tasks"."leasable" = 1;--> statement-breakpoint
CREATE INDEX "crawler_tasks_ready_type_ix" ON "crawler_tasks" USING btree ("leasable","task_type","priority" desc,"created_at","id" collate "C") WHERE "crawler_tasks"."status" in ('queued', 'credential_renewed') and "crawler_tasks"."leasable" = 1;--> statement-breakpoint
CREATE INDEX "crawler_tasks_silent_ix" ON "crawler_tasks" USING btree ("status","active_at") WHERE "crawler_tasks"."status" = 'running' and "crawler_tasks"."lease_expires_at" is null;