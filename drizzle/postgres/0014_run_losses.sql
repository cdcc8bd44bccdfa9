ALTER TABLE "parsing_runs" ADD COLUMN "pages_failed" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "parsing_runs" ADD COLUMN "failed_pages" jsonb;--> statement-breakpoint
ALTER TABLE "parsing_runs" ADD COLUMN "outcome_reason" text;