ALTER TABLE "tasks" ADD COLUMN "site_key" text;--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "requeues" integer DEFAULT 0 NOT NULL;