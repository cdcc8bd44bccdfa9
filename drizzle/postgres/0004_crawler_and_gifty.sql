CREATE TABLE "claim_attempts" (
	"username" text NOT NULL,
	"attempted_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "claim_attempts_username_attempted_at_pk" PRIMARY KEY("username","attempted_at")
);
--> statement-breakpoint
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
CREATE TABLE "internal_categories" (
	"id" bigint PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"parent_id" bigint,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "product_documents" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "product_documents_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"gift_hash" text NOT NULL,
	"content_hash" text NOT NULL,
	"indexed_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "product_embeddings" (
	"gift_hash" text NOT NULL,
	"model_name" text NOT NULL,
	"model_version" text NOT NULL,
	"dim" integer NOT NULL,
	"embedding" "bytea" NOT NULL,
	"content_hash" text NOT NULL,
	"embedded_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "product_embeddings_gift_hash_model_name_model_version_pk" PRIMARY KEY("gift_hash","model_name","model_version")
);
--> statement-breakpoint
CREATE TABLE "search_progress" (
	"follower" text PRIMARY KEY NOT NULL,
	"position" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "search_term_grams" (
	"gram" text NOT NULL,
	"length" integer NOT NULL,
	"stem" text NOT NULL,
	CONSTRAINT "search_term_grams_gram_length_stem_pk" PRIMARY KEY("gram","length","stem")
);
--> statement-breakpoint
CREATE TABLE "search_terms" (
	"stem" text PRIMARY KEY NOT NULL,
	"word" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "subscriber_topics" (
	"subscriber_id" bigint NOT NULL,
	"topic" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "subscriber_topics_subscriber_id_topic_pk" PRIMARY KEY("subscriber_id","topic")
);
--> statement-breakpoint
CREATE TABLE "weeek_accounts" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "weeek_accounts_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"telegram_chat_id" bigint NOT NULL,
	"token_ciphertext" text NOT NULL,
	"weeek_user_id" text NOT NULL,
	"weeek_workspace_id" text,
	"timezone" text NOT NULL,
	"is_active" boolean NOT NULL,
	"last_reminders" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "work_leases" (
	"kind" text NOT NULL,
	"subject" text NOT NULL,
	"holder" text NOT NULL,
	"content_hash" text,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "work_leases_kind_subject_pk" PRIMARY KEY("kind","subject")
);
--> statement-breakpoint
DROP INDEX "products_unscored_ix";--> statement-breakpoint
ALTER TABLE "crawler_area_authorizations" ADD CONSTRAINT "crawler_area_authorizations_account_id_crawler_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."crawler_accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "crawler_area_authorizations" ADD CONSTRAINT "crawler_area_authorizations_area_key_crawler_areas_key_fk" FOREIGN KEY ("area_key") REFERENCES "public"."crawler_areas"("key") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "crawler_task_areas" ADD CONSTRAINT "crawler_task_areas_task_id_crawler_tasks_id_fk" FOREIGN KEY ("task_id") REFERENCES "public"."crawler_tasks"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "crawler_task_areas" ADD CONSTRAINT "crawler_task_areas_area_key_crawler_areas_key_fk" FOREIGN KEY ("area_key") REFERENCES "public"."crawler_areas"("key") ON DELETE cascade ON UPDATE cascade;--> statement-breakpoint
ALTER TABLE "crawler_tasks" ADD CONSTRAINT "crawler_tasks_account_id_crawler_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."crawler_accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "internal_categories" ADD CONSTRAINT "internal_categories_parent_id_internal_categories_id_fk" FOREIGN KEY ("parent_id") REFERENCES "public"."internal_categories"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_documents" ADD CONSTRAINT "product_documents_gift_hash_products_gift_hash_fk" FOREIGN KEY ("gift_hash") REFERENCES "public"."products"("gift_hash") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "product_embeddings" ADD CONSTRAINT "product_embeddings_gift_hash_products_gift_hash_fk" FOREIGN KEY ("gift_hash") REFERENCES "public"."products"("gift_hash") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "subscriber_topics" ADD CONSTRAINT "subscriber_topics_subscriber_id_telegram_subscribers_id_fk" FOREIGN KEY ("subscriber_id") REFERENCES "public"."telegram_subscribers"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "weeek_accounts" ADD CONSTRAINT "weeek_accounts_telegram_chat_id_telegram_subscribers_chat_id_fk" FOREIGN KEY ("telegram_chat_id") REFERENCES "public"."telegram_subscribers"("chat_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "claim_attempts_age_ix" ON "claim_attempts" USING btree ("attempted_at");--> statement-breakpoint
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
CREATE INDEX "crawler_receipts_expiry_ix" ON "crawler_receipts" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "crawler_receipts_task_ix" ON "crawler_receipts" USING btree ("task_id") WHERE "crawler_receipts"."task_id" is not null;--> statement-breakpoint
CREATE INDEX "crawler_task_areas_area_ix" ON "crawler_task_areas" USING btree ("area_key");--> statement-breakpoint
CREATE INDEX "crawler_tasks_status_ix" ON "crawler_tasks" USING btree ("status","created_at","id" collate "C");--> statement-breakpoint
CREATE INDEX "crawler_tasks_type_ix" ON "crawler_tasks" USING btree ("task_type","created_at","id" collate "C");--> statement-breakpoint
CREATE INDEX "crawler_tasks_created_ix" ON "crawler_tasks" USING btree ("created_at","id" collate "C");--> statement-breakpoint
CREATE INDEX "crawler_tasks_finished_ix" ON "crawler_tasks" USING btree ("status","finished_at") WHERE "crawler_tasks"."finished_at" is not null;--> statement-breakpoint
CREATE INDEX "crawler_tasks_ready_ix" ON "crawler_tasks" USING btree ("leasable","priority" desc,"created_at","id" collate "C") WHERE "crawler_tasks"."status" in ('queued', 'credential_renewed') and "crawler_tasks"."leasable" = 1;--> statement-breakpoint
CREATE INDEX "crawler_tasks_ready_type_ix" ON "crawler_tasks" USING btree ("leasable","task_type","priority" desc,"created_at","id" collate "C") WHERE "crawler_tasks"."status" in ('queued', 'credential_renewed') and "crawler_tasks"."leasable" = 1;--> statement-breakpoint
CREATE INDEX "crawler_tasks_lease_ix" ON "crawler_tasks" USING btree ("lease_expires_at") WHERE "crawler_tasks"."lease_expires_at" is not null;--> statement-breakpoint
CREATE INDEX "crawler_tasks_silent_ix" ON "crawler_tasks" USING btree ("status","active_at") WHERE "crawler_tasks"."status" = 'running' and "crawler_tasks"."lease_expires_at" is null;--> statement-breakpoint
CREATE INDEX "crawler_tasks_spawned_ix" ON "crawler_tasks" USING btree ("spawned_from","created_at");--> statement-breakpoint
CREATE INDEX "crawler_tasks_account_ix" ON "crawler_tasks" USING btree ("account_id","status");--> statement-breakpoint
CREATE INDEX "crawler_tasks_resource_ix" ON "crawler_tasks" USING btree ("account_id","resource_key") WHERE "crawler_tasks"."resource_key" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "crawler_tasks_duplicate_uq" ON "crawler_tasks" USING btree ("duplicate_key") WHERE "crawler_tasks"."duplicate_key" is not null and "crawler_tasks"."status" not in ('finished', 'failed');--> statement-breakpoint
CREATE UNIQUE INDEX "crawler_tasks_spawn_uq" ON "crawler_tasks" USING btree ("spawn_key");--> statement-breakpoint
CREATE INDEX "crawler_timeline_task_ix" ON "crawler_timeline" USING btree ("task_id","at","id");--> statement-breakpoint
CREATE INDEX "internal_categories_parent_ix" ON "internal_categories" USING btree ("parent_id");--> statement-breakpoint
CREATE UNIQUE INDEX "product_documents_gift_uq" ON "product_documents" USING btree ("gift_hash");--> statement-breakpoint
CREATE INDEX "product_embeddings_news_ix" ON "product_embeddings" USING btree ("model_name","model_version","embedded_at");--> statement-breakpoint
CREATE INDEX "subscriber_topics_topic_ix" ON "subscriber_topics" USING btree ("topic");--> statement-breakpoint
CREATE UNIQUE INDEX "weeek_accounts_chat_uq" ON "weeek_accounts" USING btree ("telegram_chat_id");--> statement-breakpoint
CREATE INDEX "weeek_accounts_zone_ix" ON "weeek_accounts" USING btree ("timezone");--> statement-breakpoint
CREATE INDEX "work_leases_anonymous_ix" ON "work_leases" USING btree ("kind","expires_at") WHERE "work_leases"."holder" = '';--> statement-breakpoint
CREATE INDEX "work_leases_expiry_ix" ON "work_leases" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "products_rescoring_ix" ON "products" USING btree ("updated_at" desc) WHERE "products"."is_active" and "products"."needs_scoring" and "products"."llm_gift_score" is not null;--> statement-breakpoint
CREATE INDEX "products_best_ix" ON "products" USING btree ("llm_gift_score" desc) WHERE "products"."is_active" and "products"."llm_gift_score" is not null;--> statement-breakpoint
CREATE INDEX "products_unscored_ix" ON "products" USING btree ("updated_at" desc) WHERE "products"."is_active" and "products"."needs_scoring" and "products"."llm_gift_score" is null;