-- The initial categories of the sticker gallery; a key that is there already keeps what it has.
INSERT INTO "sticker_categories" ("key", "name_en", "name_ru", "description_en", "description_ru", "display_order", "is_active") VALUES
	('animals', 'Animals', 'Животные', 'Pets, wild beasts and everything that has paws', 'Питомцы, дикие звери и все, у кого есть лапы', 1, true),
	('memes', 'Memes', 'Мемы', 'Jokes that everyone knows', 'Шутки, которые знают все', 2, true),
	('emotions', 'Emotions', 'Эмоции', 'Faces and gestures for every mood', 'Лица и жесты на любое настроение', 3, true),
	('cute', 'Cute', 'Милые', 'Small, soft and touching', 'Маленькое, мягкое и трогательное', 4, true),
	('anime', 'Anime', 'Аниме', 'Heroes of anime and manga', 'Герои аниме и манги', 5, true),
	('cartoon', 'Cartoons', 'Мультфильмы', 'Characters of animated films and series', 'Персонажи мультфильмов и мультсериалов', 6, true),
	('food', 'Food', 'Еда', 'Dishes, sweets and drinks', 'Блюда, сладости и напитки', 7, true),
	('nature', 'Nature', 'Природа', 'Plants, seasons and weather', 'Растения, времена года и погода', 8, true),
	('people', 'People', 'Люди', 'Portraits, professions and company', 'Портреты, профессии и компании', 9, true),
	('holiday', 'Holidays', 'Праздники', 'Greetings for every date', 'Поздравления ко всем датам', 10, true),
	('work', 'Work', 'Работа', 'The office, tasks and deadlines', 'Офис, задачи и сроки', 11, true),
	('love', 'Love', 'Любовь', 'Tender words, hearts and hugs', 'Нежные слова, сердца и объятия', 12, true),
	('funny', 'Funny', 'Смешные', 'To make a chat laugh', 'Чтобы рассмешить собеседников', 13, true),
	('sport', 'Sports', 'Спорт', 'Matches, training and victories', 'Матчи, тренировки и победы', 14, true),
	('music', 'Music', 'Музыка', 'Songs, instruments and dancing', 'Песни, инструменты и танцы', 15, true)
ON CONFLICT ("key") DO NOTHING;
