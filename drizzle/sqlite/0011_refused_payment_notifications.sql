CREATE TABLE `refused_payment_notifications` (
	`id` text PRIMARY KEY NOT NULL,
	`reason` text NOT NULL,
	`order_number` text,
	`sum` text,
	`address` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `refused_payment_notifications_reason_ix` ON `refused_payment_notifications` (`reason`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `refused_payment_notifications_created_ix` ON `refused_payment_notifications` (`created_at`);