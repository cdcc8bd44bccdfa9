CREATE TABLE "live_events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "live_events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"topics" text NOT NULL,
	"type" text NOT NULL,
	"at" bigint NOT NULL,
	"data" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "series_points" (
	"name" text NOT NULL,
	"step" integer NOT NULL,
	"at" bigint NOT NULL,
	"label" text NOT NULL,
	"total" double precision NOT NULL,
	"count" bigint NOT NULL,
	CONSTRAINT "series_points_name_step_at_label_pk" PRIMARY KEY("name","step","at","label")
);
--> statement-breakpoint
CREATE INDEX "live_events_at_ix" ON "live_events" USING btree ("at");--> statement-breakpoint
CREATE INDEX "series_points_label_ix" ON "series_points" USING btree ("name","step","label","at");--> statement-breakpoint
CREATE INDEX "series_points_age_ix" ON "series_points" USING btree ("step","at");