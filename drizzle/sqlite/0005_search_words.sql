-- With all positions: without them bm25 would read the text again, which a contentless table has not, and rank nothing.
-- Stems, as platform/search/words cuts them: FTS5 here has no tokenizer that knows Russian. The text itself stays in products.
CREATE VIRTUAL TABLE `product_words` USING fts5(title, category, merchant, description, content='', contentless_delete=1, tokenize='ascii');
--> statement-breakpoint
CREATE TRIGGER `product_documents_gone` AFTER DELETE ON `product_documents` BEGIN
  DELETE FROM `product_words` WHERE rowid = old.id;
END;
