-- {  "schema": 1,  "uid": "ec9b28f6fc0941038c0ad73aa683696b",  "title": "Six scripts",  "encoder": "hashing:1",  "dimension": 16,  "created": "2026-11-25T20:05:34+00:00"}
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id TEXT PRIMARY KEY, source TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL,
    content_hash TEXT NOT NULL, text TEXT NOT NULL, pages TEXT NOT NULL
);
CREATE TABLE passages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    text TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL, source TEXT NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, page INTEGER
);
CREATE INDEX passages_by_document ON passages (document_id, first);
CREATE INDEX passages_by_language ON passages (language);
CREATE TABLE vectors (
    number INTEGER PRIMARY KEY REFERENCES passages (number) ON DELETE CASCADE,
    vector BLOB NOT NULL
);
CREATE TABLE passage_entities (
    number INTEGER NOT NULL REFERENCES passages (number) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    entity_id TEXT NOT NULL,
    PRIMARY KEY (number, position)
) WITHOUT ROWID;
CREATE INDEX passage_entities_by_entity ON passage_entities (entity_id, number);
CREATE VIRTUAL TABLE passage_terms USING fts5 (
    title, body, title_pieces, body_pieces, tokenize = 'ascii'
);
INSERT INTO meta VALUES ('analyzer', 'fceea223ee5ce296');
INSERT INTO meta VALUES ('generation', '1');
INSERT INTO meta VALUES ('uid', 'ec9b28f6fc0941038c0ad73aa683696b');
INSERT INTO documents VALUES ('doc-en', 'doc-en.txt', '', 'en', '6d07c4c67ec18b65031b7845eb99fd0306a809268b375cde904a1ab6bfc4386d', 'The capital of France is Paris. The river Seine flows through it.', '[]');
INSERT INTO documents VALUES ('doc-zh', 'doc-zh.txt', '', 'zh', '8c63e80d10e75506bee0fbe47f6414dc80e5890359ead1fdeedbb5302f4e5e24', '北京是中华人民共和国的首都。长江是中国最长的河流。', '[]');
INSERT INTO documents VALUES ('doc-ar', 'doc-ar.txt', '', 'ar', '2595bb01351f2e4cd6c3be4a0c2892d2f819ee5bb5533d08489935d1bb96df82', 'عاصمة مصر هي القاهرة. يمر نهر النيل عبر المدينة.', '[]');
INSERT INTO documents VALUES ('doc-hi', 'doc-hi.txt', '', 'hi', '3718c8f076351662988d889bb4c1b230beb72b43e00e5f22a2a16f9507fc6342', 'भारत की राजधानी नई दिल्ली है। यमुना नदी इसके पास बहती है।', '[]');
INSERT INTO documents VALUES ('doc-ru', 'doc-ru.txt', '', 'ru', '79b3d44524f59def5e81f43558451e14d7178a67dba6fd44066b2e9f14d62fd9', 'Столица России — Москва. Через город течёт река Москва.', '[]');
INSERT INTO documents VALUES ('doc-th', 'doc-th.txt', '', 'th', '71ba894a4fe475a1bed73125b80e9e3c5f47b08bb327fd6ddfd87efdb3cc18e4', 'กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย', '[]');
INSERT INTO passages VALUES (1, 'doc-en#0', 'doc-en', 'The capital of France is Paris. The river Seine flows through it.', '', 'en', 'doc-en.txt', 0, 65, NULL);
INSERT INTO passages VALUES (2, 'doc-zh#0', 'doc-zh', '北京是中华人民共和国的首都。长江是中国最长的河流。', '', 'zh', 'doc-zh.txt', 0, 25, NULL);
INSERT INTO passages VALUES (3, 'doc-ar#0', 'doc-ar', 'عاصمة مصر هي القاهرة. يمر نهر النيل عبر المدينة.', '', 'ar', 'doc-ar.txt', 0, 48, NULL);
INSERT INTO passages VALUES (4, 'doc-hi#0', 'doc-hi', 'भारत की राजधानी नई दिल्ली है। यमुना नदी इसके पास बहती है।', '', 'hi', 'doc-hi.txt', 0, 57, NULL);
INSERT INTO passages VALUES (5, 'doc-ru#0', 'doc-ru', 'Столица России — Москва. Через город течёт река Москва.', '', 'ru', 'doc-ru.txt', 0, 55, NULL);
INSERT INTO passages VALUES (6, 'doc-th#0', 'doc-th', 'กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย', '', 'th', 'doc-th.txt', 0, 38, NULL);
INSERT INTO vectors VALUES (1, x'23b3903e23b3903e23b3903ec3a32d3e6494ca3ec3a32d3ec3a32d3ec3a32d3e6494ca3ec3a3ad3e0485e73d23b3903e0485e73dc3a32d3e23b3903e0485673d');
INSERT INTO vectors VALUES (2, x'dc8cf63d00000000dc8cf63e00000000dc8cf63d00000000a5e9b83e00000000dc8cf63da5e9b83ea5e9b83ea5e9b83edc8c763ea5e9b83e00000000dc8cf63d');
INSERT INTO vectors VALUES (3, x'1ca2f13e000000007e130a3e7e138a3d7e130a3f7e130a3e7e138a3e3c1d4f3e7e138a3d7e138a3e7e138a3e7e138a3d7e138a3d7e130a3e3c1d4f3e5d98ac3e');
INSERT INTO vectors VALUES (4, x'23b6bc3e849dfb3d849dfb3d849dfb3d00000000849dfb3d72429d3e23b63c3e849d7b3e72429d3e849dfb3d23b63c3e849d7b3e23b63c3e849dfb3e23b6bc3e');
INSERT INTO vectors VALUES (5, x'c13ba23e67c9813e67c9813d1bae423e67c9813e67c9013e7420e33e1baec23e67c9813dc13ba23e67c9813d1baec23e67c9013e67c9813d1bae423e67c9813e');
INSERT INTO vectors VALUES (6, x'000000004a73b63e4a73b63e4a73363e4a73363e4a73363e4a73b63d77d6083f4a73b63d77d6883e4a73363e4a73b63d77d6883e4a73363e4a73b63e4a73b63d');
INSERT INTO passage_entities VALUES (2, 0, 'urn:beijing');
INSERT INTO passage_entities VALUES (2, 1, 'urn:river');
INSERT INTO passage_terms (rowid, title, body, title_pieces, body_pieces) VALUES (1, '', 'wz3athe wz3acapit wz3aof wz3afranc wz3ais wz3apari wz3athe wz3ariver wz3asein wz3aflow wz3athrough wz3ait', '', 'tz3az5eca tz3acap tz3aapi tz3apit tz3aita tz3atal tz3aalz24 tz3az5efr tz3afra tz3aran tz3aanc tz3ance tz3acez24 tz3az5epa tz3apar tz3aari tz3aris tz3aisz24 tz3az5eri tz3ariv tz3aive tz3aver tz3aerz24 tz3az5ese tz3asei tz3aein tz3aine tz3anez24 tz3az5efl tz3aflo tz3alow tz3aows tz3awsz24');
INSERT INTO passage_terms (rowid, title, body, title_pieces, body_pieces) VALUES (2, '', 'bz3a北京 bz3a京是 bz3a是中 bz3a中华 bz3a华人 bz3a人民 bz3a民共 bz3a共和 bz3a和国 bz3a国的 bz3a的首 bz3a首都 bz3a长江 bz3a江是 bz3a是中 bz3a中国 bz3a国最 bz3a最长 bz3a长的 bz3a的河 bz3a河流', '', 'uz3a北 uz3a京 uz3a是 uz3a中 uz3a华 uz3a人 uz3a民 uz3a共 uz3a和 uz3a国 uz3a的 uz3a首 uz3a都 uz3a长 uz3a江 uz3a是 uz3a中 uz3a国 uz3a最 uz3a长 uz3a的 uz3a河 uz3a流');
INSERT INTO passage_terms (rowid, title, body, title_pieces, body_pieces) VALUES (3, '', 'wz3aعاصم wz3aمصر wz3aهي wz3aقاهره wz3aيمر wz3aنهر wz3aنيل wz3aعبر wz3aمدينه', '', 'tz3az5eعا tz3aعاص tz3aاصم tz3aصمه tz3aمهz24 tz3az5eمص tz3aمصر tz3aصرz24 tz3az5eال tz3aالق tz3aلقا tz3aقاه tz3aاهر tz3aهره tz3aرهz24 tz3az5eيم tz3aيمر tz3aمرz24 tz3az5eنه tz3aنهر tz3aهرz24 tz3az5eال tz3aالن tz3aلني tz3aنيل tz3aيلz24 tz3az5eعب tz3aعبر tz3aبرz24 tz3az5eال tz3aالم tz3aلمد tz3aمدي tz3aدين tz3aينه tz3aنهz24');
INSERT INTO passage_terms (rowid, title, body, title_pieces, body_pieces) VALUES (4, '', 'wz3aभारत wz3aक wz3aराजधान wz3aन wz3aदिल्ल wz3aहै wz3aयमुन wz3aनद wz3aइसक wz3aपास wz3aबह wz3aहै', '', 'tz3az5eभा tz3aभार tz3aारत tz3aरतz24 tz3az5eरा tz3aराज tz3aाजध tz3aजधा tz3aधान tz3aानी tz3aनीz24 tz3az5eनई tz3aनईz24 tz3az5eदि tz3aदिल tz3aिल् tz3aल्ल tz3a्ली tz3aलीz24 tz3az5eयम tz3aयमु tz3aमुन tz3aुना tz3aनाz24 tz3az5eनद tz3aनदी tz3aदीz24 tz3az5eपा tz3aपास tz3aासz24 tz3az5eबह tz3aबहत tz3aहती tz3aतीz24');
INSERT INTO passage_terms (rowid, title, body, title_pieces, body_pieces) VALUES (5, '', 'wz3aстолиц wz3aросс wz3aмоскв wz3aчерез wz3aгород wz3aтечет wz3aрек wz3aмоскв', '', 'tz3az5eст tz3aсто tz3aтол tz3aоли tz3aлиц tz3aица tz3aцаz24 tz3az5eро tz3aрос tz3aосс tz3aсси tz3aсии tz3aииz24 tz3az5eмо tz3aмос tz3aоск tz3aскв tz3aква tz3aваz24 tz3az5eго tz3aгор tz3aоро tz3aрод tz3aодz24 tz3az5eте tz3aтеч tz3aече tz3aчет tz3aетz24 tz3az5eре tz3aрек tz3aека tz3aкаz24 tz3az5eмо tz3aмос tz3aоск tz3aскв tz3aква tz3aваz24');
INSERT INTO passage_terms (rowid, title, body, title_pieces, body_pieces) VALUES (6, '', 'bz3aกรุ bz3aรุง bz3aงเ bz3aเท bz3aทพ bz3aพม bz3aมห bz3aหา bz3aาน bz3aนค bz3aคร bz3aรเ bz3aเป็ bz3aป็น bz3aนเ bz3aเมื bz3aมือ bz3aอง bz3aงห bz3aหล bz3aลว bz3aวง bz3aงข bz3aขอ bz3aอง bz3aงป bz3aปร bz3aระ bz3aะเ bz3aเท bz3aทศ bz3aศไ bz3aไท bz3aทย', '', 'uz3aก uz3aรุ uz3aง uz3aเ uz3aท uz3aพ uz3aม uz3aห uz3aา uz3aน uz3aค uz3aร uz3aเ uz3aป็ uz3aน uz3aเ uz3aมื uz3aอ uz3aง uz3aห uz3aล uz3aว uz3aง uz3aข uz3aอ uz3aง uz3aป uz3aร uz3aะ uz3aเ uz3aท uz3aศ uz3aไ uz3aท uz3aย');
