CREATE TABLE "crawler_accounts" (
	"id" text PRIMARY KEY NOT NULL,
	"provider_id" text NOT NULL,
	"instance" text NOT NULL,
	"token_hash" text NOT NULL,
	"access_token" text,
	"refresh_token" text,
	"client_id" text,
	"client_secret" text,
	"token_type" text NOT NULL,
	"expires_at" bigint,
	"version" integer NOT NULL,
	"refresh_owner" text,
	"refresh_until" bigint,
	"created_at" bigint NOT NULL,
	"updated_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "crawler_area_authorizations" (
	"account_id" text NOT NULL,
	"area_key" text NOT NULL,
	CONSTRAINT "crawler_area_authorizations_account_id_area_key_pk" PRIMARY KEY("account_id","area_key")
);
--> statement-breakpoint
CREATE TABLE "crawler_areas" (
	"key" text PRIMARY KEY NOT NULL,
	"instance" text NOT NULL,
	"full_path" text NOT NULL,
	"gitlab_id" text NOT NULL,
	"type" text NOT NULL,
	"name" text NOT NULL,
	"web_url" text,
	"description" text,
	"parent_path" text,
	"discovered_by" text,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "crawler_audit" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "crawler_audit_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"task_id" text NOT NULL,
	"task_type" text NOT NULL,
	"action" text NOT NULL,
	"status_before" text NOT NULL,
	"principal" text NOT NULL,
	"at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "crawler_connections" (
	"connection_id" text NOT NULL,
	"scope" text NOT NULL,
	"principal" text NOT NULL,
	"socket" text NOT NULL,
	"process" text NOT NULL,
	"live" integer NOT NULL,
	"closed_at" bigint,
	"sent_seq" bigint NOT NULL,
	"acked_seq" bigint,
	"subscriptions" text NOT NULL,
	"updated_at" bigint NOT NULL,
	CONSTRAINT "crawler_connections_connection_id_scope_pk" PRIMARY KEY("connection_id","scope")
);
--> statement-breakpoint
CREATE TABLE "crawler_events" (
	"seq" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "crawler_events_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"task_id" text,
	"type" text NOT NULL,
	"target" text,
	"holder" text,
	"frame" text NOT NULL,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "crawler_processes" (
	"id" text PRIMARY KEY NOT NULL,
	"seen_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "crawler_receipts" (
	"key" text PRIMARY KEY NOT NULL,
	"task_id" text,
	"body_hash" text,
	"response" text,
	"expires_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "crawler_task_areas" (
	"task_id" text NOT NULL,
	"area_key" text NOT NULL,
	CONSTRAINT "crawler_task_areas_task_id_area_key_pk" PRIMARY KEY("task_id","area_key")
);
--> statement-breakpoint
CREATE TABLE "crawler_tasks" (
	"id" text PRIMARY KEY NOT NULL,
	"task_type" text NOT NULL,
	"command" text NOT NULL,
	"status" text NOT NULL,
	"failure_kind" text,
	"leasable" integer NOT NULL,
	"full_path" text,
	"resource_key" text,
	"gitlab_id" text,
	"resource_type" text,
	"branch" text,
	"from_date" bigint,
	"to_date" bigint,
	"account_id" text NOT NULL,
	"spawned_from" text,
	"spawn_run" integer,
	"spawn_key" text,
	"duplicate_key" text,
	"provider" text NOT NULL,
	"user_id" text,
	"api_endpoint" text,
	"instance" text NOT NULL,
	"options" text NOT NULL,
	"rate_limits" text,
	"priority" integer NOT NULL,
	"progress" text NOT NULL,
	"resume_state" text,
	"last_update" bigint,
	"timeline_size" integer NOT NULL,
	"timeline_truncated" integer NOT NULL,
	"run" integer NOT NULL,
	"created_at" bigint NOT NULL,
	"started_at" bigint,
	"finished_at" bigint,
	"updated_at" bigint NOT NULL,
	"active_at" bigint NOT NULL,
	"attempts" integer NOT NULL,
	"max_attempts" integer NOT NULL,
	"fence" bigint NOT NULL,
	"lease_owner" text,
	"lease_seconds" integer,
	"lease_expires_at" bigint,
	"available_at" bigint NOT NULL,
	CONSTRAINT "crawler_tasks_status_ck" CHECK ("crawler_tasks"."status" in ('queued', 'running', 'finished', 'failed', 'paused', 'credential_expired', 'waiting_credential_renewal', 'credential_renewed'))
);
--> statement-breakpoint
CREATE TABLE "crawler_timeline" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "crawler_timeline_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"task_id" text NOT NULL,
	"at" bigint NOT NULL,
	"event" text NOT NULL,
	"details" text
);
--> statement-breakpoint
ALTER TABLE "crawler_area_authorizations" ADD CONSTRAINT "crawler_area_authorizations_account_id_crawler_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."crawler_accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "crawler_area_authorizations" ADD CONSTRAINT "crawler_area_authorizations_area_key_crawler_areas_key_fk" FOREIGN KEY ("area_key") REFERENCES "public"."crawler_areas"("key") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "crawler_task_areas" ADD CONSTRAINT "crawler_task_areas_task_id_crawler_tasks_id_fk" FOREIGN KEY ("task_id") REFERENCES "public"."crawler_tasks"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "crawler_task_areas" ADD CONSTRAINT "crawler_task_areas_area_key_crawler_areas_key_fk" FOREIGN KEY ("area_key") REFERENCES "public"."crawler_areas"("key") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "crawler_tasks" ADD CONSTRAINT "crawler_tasks_account_id_crawler_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."crawler_accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "crawler_accounts_token_uq" ON "crawler_accounts" USING btree ("token_hash","instance");--> statement-breakpoint
CREATE INDEX "crawler_area_authorizations_area_ix" ON "crawler_area_authorizations" USING btree ("area_key");--> statement-breakpoint
CREATE UNIQUE INDEX "crawler_areas_gitlab_uq" ON "crawler_areas" USING btree ("instance","type","gitlab_id");--> statement-breakpoint
CREATE INDEX "crawler_audit_at_ix" ON "crawler_audit" USING btree ("at");--> statement-breakpoint
CREATE INDEX "crawler_connections_scope_ix" ON "crawler_connections" USING btree ("scope");--> statement-breakpoint
CREATE INDEX "crawler_connections_closed_ix" ON "crawler_connections" USING btree ("closed_at") WHERE "crawler_connections"."closed_at" is not null;--> statement-breakpoint
CREATE INDEX "crawler_connections_process_ix" ON "crawler_connections" USING btree ("process");--> statement-breakpoint
CREATE INDEX "crawler_events_task_ix" ON "crawler_events" USING btree ("task_id","seq");--> statement-breakpoint
CREATE INDEX "crawler_events_target_ix" ON "crawler_events" USING btree ("target","seq") WHERE "crawler_events"."target" is not null;--> statement-breakpoint
CREATE INDEX "crawler_events_holder_ix" ON "crawler_events" USING btree ("holder","seq") WHERE "crawler_events"."holder" is not null;--> statement-breakpoint
CREATE INDEX "crawler_events_created_ix" ON "crawler_events" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "crawler_receipts_expiry_ix" ON "crawler_receipts" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "crawler_receipts_task_ix" ON "crawler_receipts" USING btree ("task_id") WHERE "crawler_receipts"."task_id" is not null;--> statement-breakpoint
CREATE INDEX "crawler_task_areas_area_ix" ON "crawler_task_areas" USING btree ("area_key");--> statement-breakpoint
CREATE INDEX "crawler_tasks_status_ix" ON "crawler_tasks" USING btree ("status","created_at","id" collate "C");--> statement-breakpoint
CREATE INDEX "crawler_tasks_type_ix" ON "crawler_tasks" USING btree ("task_type","created_at","id" collate "C");--> statement-breakpoint
CREATE INDEX "crawler_tasks_created_ix" ON "crawler_tasks" USING btree ("created_at","id" collate "C");--> statement-breakpoint
CREATE INDEX "crawler_tasks_finished_ix" ON "crawler_tasks" USING btree ("status","finished_at");--> statement-breakpoint
CREATE INDEX "crawler_tasks_ready_ix" ON "crawler_tasks" USING btree ("priority" desc,"created_at","id" collate "C") WHERE "crawler_tasks"."status" in ('queued', 'credential_renewed') and "crawler_tasks"."leasable" = 1;--> statement-breakpoint
CREATE INDEX "crawler_tasks_ready_type_ix" ON "crawler_tasks" USING btree ("task_type","priority" desc,"created_at","id" collate "C") WHERE "crawler_tasks"."status" in ('queued', 'credential_renewed') and "crawler_tasks"."leasable" = 1;--> statement-breakpoint
CREATE INDEX "crawler_tasks_lease_ix" ON "crawler_tasks" USING btree ("lease_expires_at") WHERE "crawler_tasks"."lease_expires_at" is not null;--> statement-breakpoint
CREATE INDEX "crawler_tasks_silent_ix" ON "crawler_tasks" USING btree ("active_at") WHERE "crawler_tasks"."status" = 'running' and "crawler_tasks"."lease_expires_at" is null;--> statement-breakpoint
CREATE INDEX "crawler_tasks_spawned_ix" ON "crawler_tasks" USING btree ("spawned_from","created_at");--> statement-breakpoint
CREATE INDEX "crawler_tasks_account_ix" ON "crawler_tasks" USING btree ("account_id","status");--> statement-breakpoint
CREATE INDEX "crawler_tasks_resource_ix" ON "crawler_tasks" USING btree ("account_id","resource_key") WHERE "crawler_tasks"."resource_key" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "crawler_tasks_duplicate_uq" ON "crawler_tasks" USING btree ("duplicate_key") WHERE "crawler_tasks"."duplicate_key" is not null and "crawler_tasks"."status" not in ('finished', 'failed');--> statement-breakpoint
CREATE UNIQUE INDEX "crawler_tasks_spawn_uq" ON "crawler_tasks" USING btree ("spawn_key");--> statement-breakpoint
CREATE INDEX "crawler_timeline_task_ix" ON "crawler_timeline" USING btree ("task_id","at","id");