CREATE TABLE "attention_mutes" (
	"id" text PRIMARY KEY NOT NULL,
	"until" timestamp (3) with time zone NOT NULL,
	"reason" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "run_events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "run_events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"run_id" bigint NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"event" text NOT NULL,
	"data" jsonb
);
--> statement-breakpoint
CREATE TABLE "run_logs" (
	"run_id" bigint NOT NULL,
	"n" bigint NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"level" text NOT NULL,
	"message" text NOT NULL,
	"fields" jsonb,
	CONSTRAINT "run_logs_run_id_n_pk" PRIMARY KEY("run_id","n")
);
--> statement-breakpoint
ALTER TABLE "parsing_runs" ADD COLUMN "worker_id" text;--> statement-breakpoint
ALTER TABLE "parsing_runs" ADD COLUMN "attempts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "parsing_runs" ADD COLUMN "batches" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "parsing_runs" ADD COLUMN "items_duplicate" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "parsing_runs" ADD COLUMN "error_group" text;--> statement-breakpoint
ALTER TABLE "parsing_runs" ADD COLUMN "log_lines" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "run_events" ADD CONSTRAINT "run_events_run_id_parsing_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."parsing_runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "run_logs" ADD CONSTRAINT "run_logs_run_id_parsing_runs_id_fk" FOREIGN KEY ("run_id") REFERENCES "public"."parsing_runs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "attention_mutes_until_ix" ON "attention_mutes" USING btree ("until");--> statement-breakpoint
CREATE INDEX "run_events_run_ix" ON "run_events" USING btree ("run_id","id");--> statement-breakpoint
CREATE INDEX "run_logs_age_ix" ON "run_logs" USING btree ("at");--> statement-breakpoint
CREATE INDEX "parsing_runs_status_ix" ON "parsing_runs" USING btree ("status","id" desc);--> statement-breakpoint
CREATE INDEX "parsing_runs_error_ix" ON "parsing_runs" USING btree ("error_group","id" desc) WHERE "parsing_runs"."error_group" is not null;