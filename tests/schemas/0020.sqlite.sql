PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO _sqlx_migrations VALUES(20261121000001,'first schema','2026-11-24 02:39:55',1,X'284c25a3cdbe660f4d8c9474ec2b150a63d21600299a03deba2f2f9403afeffc876b520a0fa3cdabf14b9c9c8d015a92',1426488);
INSERT INTO _sqlx_migrations VALUES(20261121000002,'gaps and identities','2026-11-24 02:39:55',1,X'9d3e035ce478f303495b39b7a35845e779d53ddeefa9c7f7499402c9c3554ad43532fbaee0cd2a67e36e063e4accba08',1409452);
INSERT INTO _sqlx_migrations VALUES(20261121000003,'day one','2026-11-24 02:39:55',1,X'25d7825dbf582ae30c2758ea88718108ef337281c44056662e676aae4e25004ae45a20259aa271cd169b0dfd5d92c78c',552444);
INSERT INTO _sqlx_migrations VALUES(20261121000004,'history and retention','2026-11-24 02:39:55',1,X'b369e671a95ad311e5ca9cc237bfea2fc7fde9e67f1c11d872c136f4481e8e2cc5c25e7f70c423ea11673a67ef827132',1202453);
INSERT INTO _sqlx_migrations VALUES(20261121000005,'views','2026-11-24 02:39:55',1,X'6c80869ed7c713665b159998bfc820bc9af74970982ad05f6aff1f701a7473f5bdb9db82e0a8857f7ba832c93ffcd441',1377915);
INSERT INTO _sqlx_migrations VALUES(20261121000006,'handle lookups','2026-11-24 02:39:55',1,X'e443c24c480f5469ba93ed6e0de641fa51825091edf1115629ebdefd156e45cc9b66337b9888bd347473981a5029b3b4',486014);
INSERT INTO _sqlx_migrations VALUES(20261121000007,'repos','2026-11-24 02:39:55',1,X'4cd3d58191dbc1ff33ddd93f69cc2938cc10e54602bba282e3dc3227cd6aebd08cbe3c69a146b3780da21546963b4aa1',2937452);
INSERT INTO _sqlx_migrations VALUES(20261121000009,'requests','2026-11-24 02:39:55',1,X'3b6781c993871aa7219636c0df9c81f676784ae2cab4a60b6c91470e1eb33eb7c186dbdec3b12f85e8a4deef3cbae852',612914);
INSERT INTO _sqlx_migrations VALUES(20261122000010,'told again','2026-11-24 02:39:55',1,X'a10e0bcfedddbd619bb61f7a53f5854ec6b244a78eddef948fccb50c50c67b8963f286ae6792a0215a797733ea9f4a14',458674);
INSERT INTO _sqlx_migrations VALUES(20261122000011,'likes read','2026-11-24 02:39:55',1,X'5e0a36cca734f0acf08a74093e6d3d592b5296275a101420cb50bec11a8a3810d8c62baf7583905ecae138e26b3d0ef6',766223);
INSERT INTO _sqlx_migrations VALUES(20261123000012,'read and told','2026-11-24 02:39:55',1,X'1b35f9bc47e528d51f6b4626ddce0fada36b0debd8b274b028b8cad16242fefcac580b5cb647f901c70bffc908fe8b03',444934);
INSERT INTO _sqlx_migrations VALUES(20261123000013,'tracked by nobody','2026-11-24 02:39:55',1,X'9cd9d4bc0a49424407b9646eaee60af1e40f1e942a2aec5050356ff7870e05530b690fe3ac33622401703b79356511a2',534362);
INSERT INTO _sqlx_migrations VALUES(20261123000014,'skipped','2026-11-24 02:39:55',1,X'87e19411cb0d83206d52a8a10d7e5e3990bcbb3ef793c7b3d63908371f91073e8049f6a24f3dfa811d567ac7c0943eb5',436381);
INSERT INTO _sqlx_migrations VALUES(20261123000015,'tracked points','2026-11-24 02:39:55',1,X'122a769ee998b2be925572257494c8a9e1fdf8c759a36a4c7b45352d305b36649944617a4a4f8534bb5b3de7b8769359',556229);
INSERT INTO _sqlx_migrations VALUES(20261123000016,'named','2026-11-24 02:39:55',1,X'4c4b9d978983721d795ab1e50b67dfa98ea986f05503bdb7d824f5f9c0188ee6f200a0221a372ea3f327d882709454d5',497022);
INSERT INTO _sqlx_migrations VALUES(20261123000017,'writer','2026-11-24 02:39:55',1,X'4bcfc9da1f9c4ea694e009414038fa6e42f8b3fab0e81670f40bab7af48a4b61b8ff02380c8b088b0d335dc8fe45921e',788697);
INSERT INTO _sqlx_migrations VALUES(20261123000018,'order of keys','2026-11-24 02:39:55',1,X'6d97dd2fd6b096608b7b9fbee3c8999b6444ddb4fc63cc333d2eb7e3ec189372367dcb3a78a8980cd52ee83d7c876ca6',357012);
INSERT INTO _sqlx_migrations VALUES(20261123000019,'fewer indexes','2026-11-24 02:39:55',1,X'0e2032882490474f4cd546dea765c12fc029e66e52cda773d9a04a8c4fd27460224a95bc089f4e1c9481a64db0245840',439987);
INSERT INTO _sqlx_migrations VALUES(20261124000020,'numbers','2026-11-24 02:39:55',1,X'6b74271594c06d2443a8ea37ffdfd306f8336112ba839ea03e8b61e2cc07dc12f0afdc94891869d30e9afdd0fe44c286',2011049);
CREATE TABLE state (
    singleton           INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    batch               INTEGER NOT NULL CHECK (batch >= 0),     -- batches committed so far
    position            INTEGER NOT NULL CHECK (position >= 0),  -- last journal position
    ticks               INTEGER NOT NULL CHECK (ticks >= 0),     -- tick ordinal
    seed                INTEGER NOT NULL,                        -- of rule systematic; never shown
    epoch               INTEGER,                                 -- NULL until the first event
    epoch_micros        INTEGER NOT NULL CHECK (epoch_micros > 0),
    epoch_base          INTEGER,                                 -- epoch that began at epoch_base_micros
    epoch_base_micros   INTEGER,
    clock_micros        INTEGER,                                 -- greatest event time so far
    flow_position       INTEGER NOT NULL,                        -- flows include the journal up to here
    depth               INTEGER NOT NULL
, checkpoint_position INTEGER NOT NULL DEFAULT 0, dropped_position INTEGER NOT NULL DEFAULT 0, history_epoch INTEGER, writer INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO state VALUES(1,2,49,4,42,359045493,5000000,359045489,1795227445000000,1795227467180000,49,2,49,0,NULL,3838821402666534037);
CREATE TABLE tracked (
    account INTEGER NOT NULL PRIMARY KEY,
    label   TEXT
) STRICT;
INSERT INTO tracked VALUES(0,NULL);
INSERT INTO tracked VALUES(1,NULL);
CREATE TABLE follow (
    follower INTEGER NOT NULL,
    rkey     TEXT NOT NULL,
    subject  INTEGER NOT NULL,
    PRIMARY KEY (follower, rkey)
) STRICT, WITHOUT ROWID;
INSERT INTO follow VALUES(0,'3n2rzvdbd6f2r',15);
INSERT INTO follow VALUES(0,'3n2rzvdbd6g2r',7);
INSERT INTO follow VALUES(0,'3n2rzvdbe5o2r',33);
INSERT INTO follow VALUES(0,'3n2rzvkn73t2r',37);
INSERT INTO follow VALUES(0,'3n2rzvmrfpl2r',23);
INSERT INTO follow VALUES(1,'3n2rzveg2yi2r',12);
INSERT INTO follow VALUES(1,'3n2rzveij4i2r',3);
INSERT INTO follow VALUES(1,'3n2rzvelbyj2r',31);
INSERT INTO follow VALUES(1,'3n2rzvepiqz2r',8);
INSERT INTO follow VALUES(1,'3n2rzveximv2r',11);
INSERT INTO follow VALUES(2,'3n2rzvcxmmc2r',4);
INSERT INTO follow VALUES(2,'3n2rzvcxmmd2r',12);
INSERT INTO follow VALUES(2,'3n2rzvm4gst2r',9);
INSERT INTO follow VALUES(3,'3n2rzvcxpk32r',5);
INSERT INTO follow VALUES(3,'3n2rzvczk5b2r',13);
INSERT INTO follow VALUES(3,'3n2rzvd3vdp2r',31);
INSERT INTO follow VALUES(3,'3n2rzvd5ypx2r',4);
INSERT INTO follow VALUES(3,'3n2rzvd6yxf2r',7);
INSERT INTO follow VALUES(3,'3n2rzvpsn232r',22);
INSERT INTO follow VALUES(3,'3n2rzvqb7tl2r',23);
INSERT INTO follow VALUES(4,'3n2rzvcxqje2r',7);
INSERT INTO follow VALUES(4,'3n2rzvcxqjf2r',2);
INSERT INTO follow VALUES(4,'3n2rzvizxh32r',20);
INSERT INTO follow VALUES(4,'3n2rzvqqxql2r',33);
INSERT INTO follow VALUES(4,'3n2rzvqy2cl2r',16);
INSERT INTO follow VALUES(5,'3n2rzvcyb4n2r',20);
INSERT INTO follow VALUES(5,'3n2rzvcyb4o2r',9);
INSERT INTO follow VALUES(5,'3n2rzvcyb4p2r',3);
INSERT INTO follow VALUES(5,'3n2rzvcyb4q2r',4);
INSERT INTO follow VALUES(5,'3n2rzvcyb4r2r',8);
INSERT INTO follow VALUES(6,'3n2rzvczl4j2r',1);
INSERT INTO follow VALUES(6,'3n2rzvd3oix2r',15);
INSERT INTO follow VALUES(6,'3n2rzvq6wlt2r',9);
INSERT INTO follow VALUES(7,'3n2rzvd3mkb2r',5);
INSERT INTO follow VALUES(7,'3n2rzvd3njj2r',11);
INSERT INTO follow VALUES(7,'3n2rzvd3njk2r',26);
INSERT INTO follow VALUES(7,'3n2rzvd3njl2r',30);
INSERT INTO follow VALUES(7,'3n2rzvd3njm2r',28);
INSERT INTO follow VALUES(7,'3n2rzvd3njo2r',2);
INSERT INTO follow VALUES(7,'3n2rzvd3njp2r',9);
INSERT INTO follow VALUES(8,'3n2rzvd63np2r',2);
INSERT INTO follow VALUES(8,'3n2rzvd63nq2r',14);
INSERT INTO follow VALUES(8,'3n2rzvd63ns2r',1);
INSERT INTO follow VALUES(8,'3n2rzvd63nt2r',16);
INSERT INTO follow VALUES(8,'3n2rzvd63nu2r',5);
INSERT INTO follow VALUES(8,'3n2rzvd63nv2r',33);
INSERT INTO follow VALUES(8,'3n2rzvlfmdt2r',10);
INSERT INTO follow VALUES(9,'3n2rzvdapnf2r',7);
INSERT INTO follow VALUES(9,'3n2rzvdcyv62r',1);
INSERT INTO follow VALUES(9,'3n2rzvdfc4w2r',20);
INSERT INTO follow VALUES(9,'3n2rzvdh6og2r',14);
INSERT INTO follow VALUES(9,'3n2rzvdkvt72r',15);
INSERT INTO follow VALUES(9,'3n2rzvpifvd2r',29);
INSERT INTO follow VALUES(10,'3n2rzvdicso2r',2);
INSERT INTO follow VALUES(10,'3n2rzvdicsp2r',8);
INSERT INTO follow VALUES(10,'3n2rzvdicsq2r',0);
INSERT INTO follow VALUES(10,'3n2rzvdicsr2r',32);
INSERT INTO follow VALUES(10,'3n2rzvdicss2r',18);
INSERT INTO follow VALUES(10,'3n2rzvdicsw2r',4);
INSERT INTO follow VALUES(10,'3n2rzvdicsx2r',1);
INSERT INTO follow VALUES(10,'3n2rzvkk3id2r',14);
INSERT INTO follow VALUES(10,'3n2rzvlafe32r',39);
INSERT INTO follow VALUES(11,'3n2rzvdmmjc2r',31);
INSERT INTO follow VALUES(11,'3n2rzvdok222r',9);
INSERT INTO follow VALUES(11,'3n2rzvpmett2r',0);
INSERT INTO follow VALUES(12,'3n2rzvdmhmy2r',25);
INSERT INTO follow VALUES(12,'3n2rzvdmima2r',8);
INSERT INTO follow VALUES(12,'3n2rzvdmimb2r',1);
INSERT INTO follow VALUES(12,'3n2rzvhvw4t2r',33);
INSERT INTO follow VALUES(12,'3n2rzvlrzsl2r',10);
INSERT INTO follow VALUES(12,'3n2rzvqhnvd2r',37);
INSERT INTO follow VALUES(13,'3n2rzvdmkkr2r',20);
INSERT INTO follow VALUES(13,'3n2rzvdmkks2r',1);
INSERT INTO follow VALUES(13,'3n2rzvoznad2r',18);
INSERT INTO follow VALUES(13,'3n2rzvqnx2t2r',35);
INSERT INTO follow VALUES(14,'3n2rzvdoi3k2r',8);
INSERT INTO follow VALUES(14,'3n2rzvdplal2r',7);
INSERT INTO follow VALUES(14,'3n2rzvdsd532r',32);
INSERT INTO follow VALUES(14,'3n2rzvduy432r',15);
INSERT INTO follow VALUES(14,'3n2rzvdyckd2r',13);
INSERT INTO follow VALUES(14,'3n2rzve3dac2r',5);
INSERT INTO follow VALUES(14,'3n2rzve6ygc2r',0);
INSERT INTO follow VALUES(14,'3n2rzveas222r',30);
INSERT INTO follow VALUES(14,'3n2rzvedgys2r',6);
INSERT INTO follow VALUES(14,'3n2rzvr3hol2r',9);
INSERT INTO follow VALUES(15,'3n2rzvdolyl2r',12);
INSERT INTO follow VALUES(16,'3n2rzvdsh232r',2);
INSERT INTO follow VALUES(16,'3n2rzvdsh242r',10);
INSERT INTO follow VALUES(16,'3n2rzvdsh252r',34);
INSERT INTO follow VALUES(16,'3n2rzvdsh262r',4);
INSERT INTO follow VALUES(16,'3n2rzvdsh272r',8);
INSERT INTO follow VALUES(16,'3n2rzvdsh2a2r',33);
INSERT INTO follow VALUES(16,'3n2rzvdsh2b2r',9);
INSERT INTO follow VALUES(16,'3n2rzvdsh2c2r',35);
INSERT INTO follow VALUES(16,'3n2rzvdsh2d2r',1);
INSERT INTO follow VALUES(16,'3n2rzvi6dnt2r',36);
INSERT INTO follow VALUES(17,'3n2rzvdvipd2r',3);
INSERT INTO follow VALUES(17,'3n2rzvdzfpd2r',5);
INSERT INTO follow VALUES(17,'3n2rzvear2s2r',8);
INSERT INTO follow VALUES(17,'3n2rzvedc4k2r',6);
INSERT INTO follow VALUES(17,'3n2rzvpa4bd2r',31);
INSERT INTO follow VALUES(18,'3n2rzve2uld2r',2);
INSERT INTO follow VALUES(18,'3n2rzve2ule2r',26);
INSERT INTO follow VALUES(18,'3n2rzve2ulf2r',32);
INSERT INTO follow VALUES(18,'3n2rzve2ulg2r',5);
INSERT INTO follow VALUES(18,'3n2rzve2ulh2r',3);
INSERT INTO follow VALUES(18,'3n2rzve2ulj2r',4);
INSERT INTO follow VALUES(18,'3n2rzve2ulk2r',8);
INSERT INTO follow VALUES(18,'3n2rzvpjvql2r',13);
INSERT INTO follow VALUES(18,'3n2rzvqa2q32r',23);
INSERT INTO follow VALUES(18,'3n2rzvrload2r',36);
INSERT INTO follow VALUES(19,'3n2rzvefr7s2r',8);
INSERT INTO follow VALUES(19,'3n2rzvefr7t2r',0);
INSERT INTO follow VALUES(19,'3n2rzvefr7u2r',33);
INSERT INTO follow VALUES(19,'3n2rzvefr7v2r',32);
INSERT INTO follow VALUES(19,'3n2rzvefr7w2r',7);
INSERT INTO follow VALUES(19,'3n2rzvefr7x2r',31);
INSERT INTO follow VALUES(19,'3n2rzvefr7y2r',5);
INSERT INTO follow VALUES(19,'3n2rzvqbmjt2r',24);
INSERT INTO follow VALUES(20,'3n2rzveik3q2r',5);
INSERT INTO follow VALUES(20,'3n2rzveik3s2r',16);
INSERT INTO follow VALUES(20,'3n2rzveik3t2r',33);
INSERT INTO follow VALUES(20,'3n2rzvjmxtt2r',26);
INSERT INTO follow VALUES(20,'3n2rzvjxwgl2r',14);
INSERT INTO follow VALUES(21,'3n2rzvekohd2r',7);
INSERT INTO follow VALUES(21,'3n2rzvekpgl2r',32);
INSERT INTO follow VALUES(21,'3n2rzvekpgm2r',31);
INSERT INTO follow VALUES(21,'3n2rzvekpgn2r',3);
INSERT INTO follow VALUES(21,'3n2rzvekpgo2r',33);
INSERT INTO follow VALUES(21,'3n2rzvekpgp2r',9);
INSERT INTO follow VALUES(21,'3n2rzvekpgq2r',18);
INSERT INTO follow VALUES(21,'3n2rzvekpgr2r',14);
INSERT INTO follow VALUES(21,'3n2rzvmszht2r',1);
INSERT INTO follow VALUES(21,'3n2rzvp7fsl2r',37);
INSERT INTO follow VALUES(22,'3n2rzvellqz2r',31);
INSERT INTO follow VALUES(22,'3n2rzvewr6n2r',18);
INSERT INTO follow VALUES(22,'3n2rzveyzhf2r',23);
INSERT INTO follow VALUES(22,'3n2rzvf5jyj2r',3);
INSERT INTO follow VALUES(22,'3n2rzvfc4hz2r',8);
INSERT INTO follow VALUES(22,'3n2rzvqv4kl2r',6);
INSERT INTO follow VALUES(23,'3n2rzvetfqz2r',14);
INSERT INTO follow VALUES(23,'3n2rzvetfr22r',3);
INSERT INTO follow VALUES(23,'3n2rzvetfr32r',9);
INSERT INTO follow VALUES(23,'3n2rzvetfr42r',8);
INSERT INTO follow VALUES(23,'3n2rzvetgqe2r',33);
INSERT INTO follow VALUES(23,'3n2rzvetgqf2r',2);
INSERT INTO follow VALUES(24,'3n2rzveww2v2r',16);
INSERT INTO follow VALUES(24,'3n2rzveww2w2r',1);
INSERT INTO follow VALUES(24,'3n2rzveww2x2r',2);
INSERT INTO follow VALUES(24,'3n2rzveww2y2r',33);
INSERT INTO follow VALUES(24,'3n2rzveww2z2r',4);
INSERT INTO follow VALUES(24,'3n2rzveww322r',7);
INSERT INTO follow VALUES(24,'3n2rzveww332r',0);
INSERT INTO follow VALUES(24,'3n2rzveww342r',11);
INSERT INTO follow VALUES(24,'3n2rzveww352r',15);
INSERT INTO follow VALUES(24,'3n2rzvkunet2r',38);
INSERT INTO follow VALUES(25,'3n2rzvf4zf52r',28);
INSERT INTO follow VALUES(25,'3n2rzvfbykz2r',32);
INSERT INTO follow VALUES(25,'3n2rzvfeybj2r',20);
INSERT INTO follow VALUES(25,'3n2rzvfgtty2r',9);
INSERT INTO follow VALUES(25,'3n2rzvfki2q2r',0);
INSERT INTO follow VALUES(25,'3n2rzvfppzq2r',3);
INSERT INTO follow VALUES(25,'3n2rzvftl3a2r',6);
INSERT INTO follow VALUES(26,'3n2rzvf5e4v2r',35);
INSERT INTO follow VALUES(26,'3n2rzvf5e4w2r',2);
INSERT INTO follow VALUES(26,'3n2rzvf5e4x2r',32);
INSERT INTO follow VALUES(26,'3n2rzvf5e4y2r',4);
INSERT INTO follow VALUES(26,'3n2rzvf5e4z2r',30);
INSERT INTO follow VALUES(27,'3n2rzvffoqb2r',15);
INSERT INTO follow VALUES(27,'3n2rzvffoqc2r',14);
INSERT INTO follow VALUES(27,'3n2rzvffoqe2r',22);
INSERT INTO follow VALUES(27,'3n2rzvffoqf2r',18);
INSERT INTO follow VALUES(27,'3n2rzvffoqh2r',28);
INSERT INTO follow VALUES(27,'3n2rzvffoqi2r',33);
INSERT INTO follow VALUES(27,'3n2rzvkd5sl2r',20);
INSERT INTO follow VALUES(27,'3n2rzvlpze32r',38);
INSERT INTO follow VALUES(28,'3n2rzvfiqfi2r',0);
INSERT INTO follow VALUES(28,'3n2rzvfth6a2r',13);
INSERT INTO follow VALUES(28,'3n2rzvfx2fs2r',33);
INSERT INTO follow VALUES(28,'3n2rzvndxhl2r',2);
INSERT INTO follow VALUES(29,'3n2rzvfumbr2r',0);
INSERT INTO follow VALUES(29,'3n2rzvqftcd2r',26);
CREATE TABLE block (
    blocker INTEGER NOT NULL,
    rkey    TEXT NOT NULL,
    subject INTEGER NOT NULL,
    PRIMARY KEY (blocker, rkey)
) STRICT, WITHOUT ROWID;
INSERT INTO block VALUES(16,'3n2rzvl3g6d2r',35);
INSERT INTO block VALUES(26,'3n2rzvplv7t2r',0);
CREATE TABLE circle_change (
    id       INTEGER NOT NULL PRIMARY KEY,
    micros   INTEGER NOT NULL,
    account  INTEGER NOT NULL,
    from_hop INTEGER,
    to_hop   INTEGER,
    cause    TEXT NOT NULL,
    by       INTEGER,          -- the account whose record caused it
    rkey     TEXT
) STRICT;
INSERT INTO circle_change VALUES(1,0,0,NULL,0,'track',NULL,NULL);
INSERT INTO circle_change VALUES(2,0,1,NULL,0,'track',NULL,NULL);
INSERT INTO circle_change VALUES(3,1795227452222000,15,NULL,1,'follow',0,'3n2rzvdbd6f2r');
INSERT INTO circle_change VALUES(4,1795227452222000,2,NULL,2,'follow',0,'3n2rzvdbd6g2r');
INSERT INTO circle_change VALUES(5,1795227452222000,5,NULL,2,'follow',0,'3n2rzvdbd6g2r');
INSERT INTO circle_change VALUES(6,1795227452222000,7,NULL,1,'follow',0,'3n2rzvdbd6g2r');
INSERT INTO circle_change VALUES(7,1795227452222000,9,NULL,2,'follow',0,'3n2rzvdbd6g2r');
INSERT INTO circle_change VALUES(8,1795227452222000,11,NULL,2,'follow',0,'3n2rzvdbd6g2r');
INSERT INTO circle_change VALUES(9,1795227452222000,14,NULL,2,'follow',0,'3n2rzvdbd6g2r');
INSERT INTO circle_change VALUES(10,1795227452222000,26,NULL,2,'follow',0,'3n2rzvdbd6g2r');
INSERT INTO circle_change VALUES(11,1795227452222000,28,NULL,2,'follow',0,'3n2rzvdbd6g2r');
INSERT INTO circle_change VALUES(12,1795227452222000,30,NULL,2,'follow',0,'3n2rzvdbd6g2r');
INSERT INTO circle_change VALUES(13,1795227452222000,33,NULL,1,'follow',0,'3n2rzvdbe5o2r');
INSERT INTO circle_change VALUES(14,1795227452629000,12,NULL,2,'follow',15,'3n2rzvdolyl2r');
INSERT INTO circle_change VALUES(15,1795227453404000,8,NULL,2,'follow',1,'3n2rzveg2yi2r');
INSERT INTO circle_change VALUES(16,1795227453404000,12,2,1,'follow',1,'3n2rzveg2yi2r');
INSERT INTO circle_change VALUES(17,1795227453404000,16,NULL,2,'follow',1,'3n2rzveg2yi2r');
INSERT INTO circle_change VALUES(18,1795227453404000,25,NULL,2,'follow',1,'3n2rzveg2yi2r');
INSERT INTO circle_change VALUES(19,1795227453449000,3,NULL,1,'follow',1,'3n2rzveij4i2r');
INSERT INTO circle_change VALUES(20,1795227453449000,4,NULL,2,'follow',1,'3n2rzveij4i2r');
INSERT INTO circle_change VALUES(21,1795227453449000,13,NULL,2,'follow',1,'3n2rzveij4i2r');
INSERT INTO circle_change VALUES(22,1795227453449000,31,NULL,2,'follow',1,'3n2rzveij4i2r');
INSERT INTO circle_change VALUES(23,1795227453566000,31,2,1,'follow',1,'3n2rzvelbyj2r');
INSERT INTO circle_change VALUES(24,1795227453815000,8,2,1,'follow',1,'3n2rzvepiqz2r');
INSERT INTO circle_change VALUES(25,1795227453815000,32,NULL,2,'follow',1,'3n2rzvepiqz2r');
INSERT INTO circle_change VALUES(26,1795227453917000,4,2,1,'follow',1,'3n2rzveub452r');
INSERT INTO circle_change VALUES(27,1795227454025000,11,2,1,'follow',1,'3n2rzveximv2r');
INSERT INTO circle_change VALUES(28,1795227454025000,34,NULL,2,'follow',1,'3n2rzveximv2r');
INSERT INTO circle_change VALUES(29,1795227458216000,20,NULL,2,'follow',4,'3n2rzvizxh32r');
INSERT INTO circle_change VALUES(30,1795227459891000,37,NULL,1,'follow',0,'3n2rzvkn73t2r');
INSERT INTO circle_change VALUES(31,1795227460688000,10,NULL,2,'follow',8,'3n2rzvlfmdt2r');
INSERT INTO circle_change VALUES(32,1795227460758000,34,2,NULL,'unfollow',11,'3n2rzvdpxwt2r');
INSERT INTO circle_change VALUES(33,1795227462132000,23,NULL,1,'follow',0,'3n2rzvmrfpl2r');
INSERT INTO circle_change VALUES(34,1795227464138000,32,2,NULL,'unfollow',8,'3n2rzvd63nr2r');
INSERT INTO circle_change VALUES(35,1795227465073000,4,1,2,'unfollow',1,'3n2rzveub452r');
INSERT INTO circle_change VALUES(36,1795227465073000,20,2,NULL,'unfollow',1,'3n2rzveub452r');
INSERT INTO circle_change VALUES(37,1795227465309000,22,NULL,2,'follow',3,'3n2rzvpsn232r');
CREATE TABLE journal (
    position     INTEGER NOT NULL PRIMARY KEY CHECK (position > 0),
    epoch        INTEGER NOT NULL,
    kind         INTEGER NOT NULL,   -- 1 transfer 2 tick 3 claim 4 pin 5 unpin 6 rules 7 forget
    outcome      INTEGER NOT NULL,   -- 0 accepted, else the rejection
    sender       INTEGER,            -- ledger ids; of a claim, who had sent the entry
    receiver     INTEGER,
    points       INTEGER,
    nonce        INTEGER,            -- 64 bits, as a signed number
    held         INTEGER,
    entry        INTEGER,            -- of a claim
    pieces       BLOB,               -- what reached the receiver's side, by origin
    sink_points  INTEGER NOT NULL,   -- the sink's cut
    sink_pieces  BLOB,
    parameters   TEXT,               -- of rules: JSON
    record       INTEGER,            -- 1 like 2 repost
    rkey         TEXT,
    rev          TEXT,
    subject_rkey TEXT,
    micros       INTEGER NOT NULL    -- event time
) STRICT;
INSERT INTO journal VALUES(1,359045489,6,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,'{"rule":"systematic","own_points":1000,"keep_top":4,"decay_percent":10,"sink_percent":1,"unclaimed_ticks":10,"like":100,"repost":0,"repeat_once":true,"epoch_micros":5000000}',NULL,NULL,NULL,NULL,1795227445851000);
INSERT INTO journal VALUES(2,359045490,2,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,1795227450000000);
INSERT INTO journal VALUES(3,359045491,2,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,1795227455000000);
INSERT INTO journal VALUES(4,359045491,1,0,1,2,100,-6314089515857541346,0,NULL,X'0163',1,NULL,NULL,1,'3n2rzvidip32r','3n2rzvidpjt2r','3n2rzvgc2x22r',1795227457479000);
INSERT INTO journal VALUES(5,359045491,1,0,3,4,100,-4160916493089637207,0,NULL,X'0363',1,NULL,NULL,1,'3n2rzvimkqd2r','3n2rzvimtjl2r','3n2rzvgptet2r',1795227457780000);
INSERT INTO journal VALUES(6,359045491,1,0,4,5,100,5722403110423992970,0,NULL,X'0309015a',1,NULL,NULL,1,'3n2rzviso2d2r','3n2rzviswtl2r','3n2rzvghtjc2r',1795227457977000);
INSERT INTO journal VALUES(7,359045491,1,0,6,4,100,2509528413256496345,0,NULL,X'0663',1,NULL,NULL,1,'3n2rzvix5m32r','3n2rzvixhel2r','3n2rzvgss432r',1795227458127000);
INSERT INTO journal VALUES(8,359045491,1,0,1,7,100,-5533477417236701159,0,NULL,X'0163',1,NULL,NULL,1,'3n2rzvjykwt2r','3n2rzvjyott2r','3n2rzvguonl2r',1795227459214000);
INSERT INTO journal VALUES(9,359045491,1,0,8,4,100,8616790454593008948,0,NULL,X'0863',1,NULL,NULL,1,'3n2rzvk45732r','3n2rzvk4c3d2r','3n2rzvgptet2r',1795227459332000);
INSERT INTO journal VALUES(10,359045491,1,0,1,9,100,83215213294228839,0,NULL,X'0163',1,NULL,NULL,1,'3n2rzvk6zxt2r','3n2rzvk74vl2r','3n2rzvgdrn22r',1795227459425000);
INSERT INTO journal VALUES(11,359045491,1,0,10,11,100,2713476985297694653,0,NULL,X'0a63',1,NULL,NULL,1,'3n2rzvkbqv32r','3n2rzvkbxpt2r','3n2rzvk7z7t2r',1795227459522000);
INSERT INTO journal VALUES(12,359045492,2,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,1795227460000000);
INSERT INTO journal VALUES(13,359045492,1,0,12,13,100,411617717433816528,0,NULL,X'0c63',1,NULL,NULL,1,'3n2rzvl5mid2r','3n2rzvl5pg32r','3n2rzvitjfd2r',1795227460427000);
INSERT INTO journal VALUES(14,359045492,1,0,7,14,100,8938695224637185832,0,NULL,X'0108065b',1,NULL,NULL,1,'3n2rzvlbw6l2r','3n2rzvlc4232r','3n2rzvh3t632r',1795227460572000);
INSERT INTO journal VALUES(15,359045492,1,0,13,15,100,7314521013924090445,0,NULL,X'0c09015a',1,NULL,NULL,1,'3n2rzvldsq32r','3n2rzvldvnt2r','3n2rzvkkl4d2r',1795227460630000);
INSERT INTO journal VALUES(16,359045492,1,0,16,17,100,2673026885360294079,0,NULL,X'1063',1,NULL,NULL,1,'3n2rzvlgpit2r','3n2rzvlgved2r','3n2rzvjrkdd2r',1795227460730000);
INSERT INTO journal VALUES(17,359045492,4,0,17,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,1795227460730000);
INSERT INTO journal VALUES(18,359045492,1,0,15,3,100,-2919388525680769794,0,NULL,X'0c010108025a',1,NULL,NULL,1,'3n2rzvm5hzd2r','3n2rzvm6agl2r','3n2rzvghsk22r',1795227461496000);
INSERT INTO journal VALUES(19,359045492,1,0,18,14,100,-5200393523019589034,0,NULL,X'1263',1,NULL,NULL,1,'3n2rzvmds632r','3n2rzvmdzy32r','3n2rzvh3t632r',1795227461685000);
INSERT INTO journal VALUES(20,359045492,1,0,13,16,100,6163642235107270811,0,NULL,X'0c09015a',1,NULL,NULL,1,'3n2rzvmkzmd2r','3n2rzvmlbgd2r','3n2rzvgfvyk2r',1795227461924000);
INSERT INTO journal VALUES(21,359045492,1,0,16,2,100,5270015724123918363,0,NULL,X'0c0101090359',1,NULL,NULL,1,'3n2rzvmluxd2r','3n2rzvmlyud2r','3n2rzvjtbyl2r',1795227461944000);
INSERT INTO journal VALUES(22,359045492,1,0,12,6,100,-8588443542183489812,0,NULL,X'0c63',1,NULL,NULL,1,'3n2rzvmnqjl2r','3n2rzvmo3bd2r','3n2rzvgbyyk2r',1795227462017000);
INSERT INTO journal VALUES(23,359045492,1,0,11,13,100,-775855443979606969,0,NULL,X'0a08015b',1,NULL,NULL,1,'3n2rzvn3spt2r','3n2rzvn53qd2r','3n2rzvleuvt2r',1795227462514000);
INSERT INTO journal VALUES(24,359045492,1,0,19,5,100,7809343979192353719,0,NULL,X'1363',1,NULL,NULL,1,'3n2rzvnhawl2r','3n2rzvnhjpt2r','3n2rzvgiyms2r',1795227462856000);
INSERT INTO journal VALUES(25,359045492,1,0,5,20,100,7927153620263179102,0,NULL,X'0301010601530e09',1,NULL,NULL,1,'3n2rzvnitpl2r','3n2rzvnjced2r','3n2rzvglmmd2r',1795227462914000);
INSERT INTO journal VALUES(26,359045492,4,0,21,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,1795227462988000);
INSERT INTO journal VALUES(27,359045492,1,0,21,7,100,-2863062294622248472,0,NULL,X'1563',1,NULL,NULL,1,'3n2rzvnlojt2r','3n2rzvnlufd2r','3n2rzvguonl2r',1795227462988000);
INSERT INTO journal VALUES(28,359045492,1,0,5,17,100,35019832721488287,0,NULL,X'040701530e09',1,NULL,NULL,1,'3n2rzvopzml2r','3n2rzvoqeed2r','3n2rzvghuik2r',1795227464190000);
INSERT INTO journal VALUES(29,359045492,1,0,22,5,100,7728866666236090845,0,NULL,X'1663',1,NULL,NULL,1,'3n2rzvov3q32r','3n2rzvov7n32r','3n2rzvgiyms2r',1795227464343000);
INSERT INTO journal VALUES(30,359045492,1,0,17,23,100,-3316704923901735930,0,NULL,X'05070b0801530201',1,NULL,NULL,1,'3n2rzvp4vq32r','3n2rzvp4zn32r','3n2rzvgl2zt2r',1795227464598000);
INSERT INTO journal VALUES(31,359045492,1,0,21,7,100,-6971424690353181638,0,NULL,X'1563',1,NULL,NULL,1,'3n2rzvp5dfl2r','3n2rzvp5hcl2r','3n2rzvgxqcl2r',1795227464612000);
INSERT INTO journal VALUES(32,359045492,1,0,1,21,100,-237258998383474922,0,NULL,X'0163',1,NULL,NULL,1,'3n2rzvpgakl2r','3n2rzvpgehl2r','3n2rzvh3pb32r',1795227464905000);
INSERT INTO journal VALUES(33,359045493,2,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,1795227465000000);
INSERT INTO journal VALUES(34,359045493,1,0,17,24,100,-3038061948723779711,0,NULL,X'040101060b070155',1,NULL,NULL,1,'3n2rzvpol5t2r','3n2rzvpoo3l2r','3n2rzvpn77l2r',1795227465177000);
INSERT INTO journal VALUES(35,359045493,1,0,18,19,100,451492829891601127,0,NULL,X'1263',1,NULL,NULL,1,'3n2rzvppkft2r','3n2rzvppoct2r','3n2rzvpowut2r',1795227465210000);
INSERT INTO journal VALUES(36,359045493,1,0,23,25,100,7741389614413794680,0,NULL,X'10010107065b',1,NULL,NULL,1,'3n2rzvpz7y32r','3n2rzvpzcvt2r','3n2rzvlydxd2r',1795227465526000);
INSERT INTO journal VALUES(37,359045493,1,0,13,26,100,5024007818740268293,0,NULL,X'0a01010701060155',1,NULL,NULL,1,'3n2rzvq3n4t2r','3n2rzvq3q2l2r','3n2rzvktr2l2r',1795227465605000);
INSERT INTO journal VALUES(38,359045493,1,0,1,6,100,-8735726742413328545,0,NULL,X'0163',1,NULL,NULL,1,'3n2rzvq7ebd2r','3n2rzvq7i6d2r','3n2rzvgacck2r',1795227465728000);
INSERT INTO journal VALUES(39,359045493,1,0,4,15,100,5243123113942171994,0,NULL,X'0306015102060206',1,NULL,NULL,1,'3n2rzvqav3t2r','3n2rzvqaxzl2r','3n2rzvj45r32r',1795227465777000);
INSERT INTO journal VALUES(40,359045493,1,0,6,26,100,-7072785266968435886,0,NULL,X'010905530607',1,NULL,NULL,1,'3n2rzvqbyat2r','3n2rzvqc5532r','3n2rzvq2mvl2r',1795227465814000);
INSERT INTO journal VALUES(41,359045493,1,0,21,17,100,-1605426191173526970,0,NULL,X'0108145b',1,NULL,NULL,1,'3n2rzvqjw5t2r','3n2rzvqk5xt2r','3n2rzvghuik2r',1795227466079000);
INSERT INTO journal VALUES(42,359045493,1,0,3,21,100,-2753629184258215002,0,NULL,X'035a09010308',1,NULL,NULL,1,'3n2rzvqoqhd2r','3n2rzvqotf32r','3n2rzvpxt2l2r',1795227466231000);
INSERT INTO journal VALUES(43,359045493,1,0,8,13,100,-3039419127302967047,0,NULL,X'0863',1,NULL,NULL,1,'3n2rzvqql2d2r','3n2rzvqqoxd2r','3n2rzvgbzxs2r',1795227466292000);
INSERT INTO journal VALUES(44,359045493,1,0,1,15,100,-613981351052304446,0,NULL,X'0163',1,NULL,NULL,1,'3n2rzvqryx32r','3n2rzvqs3ut2r','3n2rzvj45r32r',1795227466338000);
INSERT INTO journal VALUES(45,359045493,1,0,21,24,100,8953613995551601089,0,NULL,X'010702091253',1,NULL,NULL,1,'3n2rzvqtayd2r','3n2rzvqtjrl2r','3n2rzvjuf5l2r',1795227466385000);
INSERT INTO journal VALUES(46,359045493,1,0,7,18,100,-6218329529039387103,0,NULL,X'0105064f0e0f',1,NULL,NULL,1,'3n2rzvqwu7t2r','3n2rzvqx32l2r','3n2rzvp2bql2r',1795227466501000);
INSERT INTO journal VALUES(47,359045493,1,0,13,24,100,-3594507477410668595,0,NULL,X'080903060106014e',1,NULL,NULL,1,'3n2rzvr5sut2r','3n2rzvr5wrt2r','3n2rzvgnebl2r',1795227466730000);
INSERT INTO journal VALUES(48,359045493,1,0,10,15,100,-1182416066634588451,0,NULL,X'0a63',1,NULL,NULL,1,'3n2rzvrcgdl2r','3n2rzvrcl7t2r','3n2rzvj45r32r',1795227466878000);
INSERT INTO journal VALUES(49,359045493,1,0,19,24,100,-5883352487142654483,0,NULL,X'1209015a',1,NULL,NULL,1,'3n2rzvrdv7l2r','3n2rzvre42d2r','3n2rzvgl3z32r',1795227466928000);
CREATE TABLE ledger_account (
    id        INTEGER NOT NULL PRIMARY KEY,
    own       INTEGER NOT NULL CHECK (own >= 0),
    others    INTEGER NOT NULL CHECK (others >= 0),
    tally     INTEGER NOT NULL CHECK (tally >= 0),  -- others and all assignments
    rows      INTEGER NOT NULL,
    unclaimed INTEGER NOT NULL,
    ordinal   INTEGER NOT NULL,
    position  INTEGER NOT NULL
) STRICT;
INSERT INTO ledger_account VALUES(0,0,42,42,0,0,4,49);
INSERT INTO ledger_account VALUES(1,800,0,0,0,0,4,49);
INSERT INTO ledger_account VALUES(2,1000,0,169,4,0,4,49);
INSERT INTO ledger_account VALUES(3,909,0,80,2,0,4,49);
INSERT INTO ledger_account VALUES(4,919,0,215,3,0,4,49);
INSERT INTO ledger_account VALUES(5,1000,0,230,4,0,4,49);
INSERT INTO ledger_account VALUES(6,916,0,172,2,0,4,49);
INSERT INTO ledger_account VALUES(7,920,0,231,2,0,4,49);
INSERT INTO ledger_account VALUES(8,900,0,0,0,0,4,49);
INSERT INTO ledger_account VALUES(9,1000,0,80,1,0,4,49);
INSERT INTO ledger_account VALUES(10,900,0,0,0,0,4,49);
INSERT INTO ledger_account VALUES(11,1000,0,73,1,0,4,49);
INSERT INTO ledger_account VALUES(12,1000,0,0,0,0,4,49);
INSERT INTO ledger_account VALUES(13,836,0,225,4,0,4,49);
INSERT INTO ledger_account VALUES(14,1000,0,178,3,0,4,49);
INSERT INTO ledger_account VALUES(15,1000,0,378,8,0,4,49);
INSERT INTO ledger_account VALUES(16,1000,0,80,2,0,4,49);
INSERT INTO ledger_account VALUES(17,914,0,248,6,0,4,49);
INSERT INTO ledger_account VALUES(18,900,0,99,3,0,4,49);
INSERT INTO ledger_account VALUES(19,909,0,90,1,0,4,49);
INSERT INTO ledger_account VALUES(20,1000,0,89,4,0,4,49);
INSERT INTO ledger_account VALUES(21,824,0,164,4,0,4,49);
INSERT INTO ledger_account VALUES(22,1000,0,0,0,0,4,49);
INSERT INTO ledger_account VALUES(23,908,0,81,4,0,4,49);
INSERT INTO ledger_account VALUES(24,1000,0,396,13,0,4,49);
INSERT INTO ledger_account VALUES(25,1000,0,99,3,0,4,49);
INSERT INTO ledger_account VALUES(26,1000,0,198,6,0,4,49);
CREATE TABLE assignment (
    holder  INTEGER NOT NULL,
    origin  INTEGER NOT NULL,
    points  INTEGER NOT NULL CHECK (points > 0),
    touched INTEGER,                                 -- rule reference: epoch of the last touch
    PRIMARY KEY (holder, origin)
) STRICT, WITHOUT ROWID;
INSERT INTO assignment VALUES(2,1,80,NULL);
INSERT INTO assignment VALUES(2,12,1,NULL);
INSERT INTO assignment VALUES(2,13,8,NULL);
INSERT INTO assignment VALUES(2,16,80,NULL);
INSERT INTO assignment VALUES(3,13,7,NULL);
INSERT INTO assignment VALUES(3,15,73,NULL);
INSERT INTO assignment VALUES(4,3,67,NULL);
INSERT INTO assignment VALUES(4,6,74,NULL);
INSERT INTO assignment VALUES(4,8,74,NULL);
INSERT INTO assignment VALUES(5,3,7,NULL);
INSERT INTO assignment VALUES(5,4,61,NULL);
INSERT INTO assignment VALUES(5,19,73,NULL);
INSERT INTO assignment VALUES(5,22,89,NULL);
INSERT INTO assignment VALUES(6,1,90,NULL);
INSERT INTO assignment VALUES(6,12,82,NULL);
INSERT INTO assignment VALUES(7,1,68,NULL);
INSERT INTO assignment VALUES(7,21,163,NULL);
INSERT INTO assignment VALUES(9,1,80,NULL);
INSERT INTO assignment VALUES(11,10,73,NULL);
INSERT INTO assignment VALUES(13,8,90,NULL);
INSERT INTO assignment VALUES(13,10,6,NULL);
INSERT INTO assignment VALUES(13,11,68,NULL);
INSERT INTO assignment VALUES(13,12,61,NULL);
INSERT INTO assignment VALUES(14,1,7,NULL);
INSERT INTO assignment VALUES(14,7,82,NULL);
INSERT INTO assignment VALUES(14,18,89,NULL);
INSERT INTO assignment VALUES(15,1,99,NULL);
INSERT INTO assignment VALUES(15,3,6,NULL);
INSERT INTO assignment VALUES(15,4,81,NULL);
INSERT INTO assignment VALUES(15,6,6,NULL);
INSERT INTO assignment VALUES(15,8,6,NULL);
INSERT INTO assignment VALUES(15,10,99,NULL);
INSERT INTO assignment VALUES(15,12,7,NULL);
INSERT INTO assignment VALUES(15,13,74,NULL);
INSERT INTO assignment VALUES(16,12,7,NULL);
INSERT INTO assignment VALUES(16,13,73,NULL);
INSERT INTO assignment VALUES(17,1,8,NULL);
INSERT INTO assignment VALUES(17,4,5,NULL);
INSERT INTO assignment VALUES(17,5,62,NULL);
INSERT INTO assignment VALUES(17,16,75,NULL);
INSERT INTO assignment VALUES(17,19,7,NULL);
INSERT INTO assignment VALUES(17,21,91,NULL);
INSERT INTO assignment VALUES(18,1,5,NULL);
INSERT INTO assignment VALUES(18,7,79,NULL);
INSERT INTO assignment VALUES(18,21,15,NULL);
INSERT INTO assignment VALUES(19,18,90,NULL);
INSERT INTO assignment VALUES(20,3,1,NULL);
INSERT INTO assignment VALUES(20,4,6,NULL);
INSERT INTO assignment VALUES(20,5,74,NULL);
INSERT INTO assignment VALUES(20,19,8,NULL);
INSERT INTO assignment VALUES(21,1,74,NULL);
INSERT INTO assignment VALUES(21,3,81,NULL);
INSERT INTO assignment VALUES(21,12,1,NULL);
INSERT INTO assignment VALUES(21,15,8,NULL);
INSERT INTO assignment VALUES(23,5,6,NULL);
INSERT INTO assignment VALUES(23,16,6,NULL);
INSERT INTO assignment VALUES(23,17,68,NULL);
INSERT INTO assignment VALUES(23,19,1,NULL);
INSERT INTO assignment VALUES(24,1,7,NULL);
INSERT INTO assignment VALUES(24,3,9,NULL);
INSERT INTO assignment VALUES(24,4,1,NULL);
INSERT INTO assignment VALUES(24,5,6,NULL);
INSERT INTO assignment VALUES(24,8,9,NULL);
INSERT INTO assignment VALUES(24,11,6,NULL);
INSERT INTO assignment VALUES(24,12,6,NULL);
INSERT INTO assignment VALUES(24,13,78,NULL);
INSERT INTO assignment VALUES(24,16,7,NULL);
INSERT INTO assignment VALUES(24,17,85,NULL);
INSERT INTO assignment VALUES(24,18,9,NULL);
INSERT INTO assignment VALUES(24,19,90,NULL);
INSERT INTO assignment VALUES(24,21,83,NULL);
INSERT INTO assignment VALUES(25,16,1,NULL);
INSERT INTO assignment VALUES(25,17,7,NULL);
INSERT INTO assignment VALUES(25,23,91,NULL);
INSERT INTO assignment VALUES(26,1,9,NULL);
INSERT INTO assignment VALUES(26,6,83,NULL);
INSERT INTO assignment VALUES(26,10,1,NULL);
INSERT INTO assignment VALUES(26,11,7,NULL);
INSERT INTO assignment VALUES(26,12,13,NULL);
INSERT INTO assignment VALUES(26,13,85,NULL);
CREATE TABLE unclaimed (
    receiver INTEGER NOT NULL,
    entry    INTEGER NOT NULL,
    sender   INTEGER NOT NULL,
    ordinal  INTEGER NOT NULL,   -- tick ordinal when sent
    points   INTEGER NOT NULL,
    pieces   BLOB NOT NULL,
    PRIMARY KEY (receiver, entry)
) STRICT, WITHOUT ROWID;
CREATE TABLE flow (
    origin   INTEGER NOT NULL,
    receiver INTEGER NOT NULL,
    sender   INTEGER NOT NULL,
    epoch    INTEGER NOT NULL,
    points   INTEGER NOT NULL CHECK (points > 0),
    PRIMARY KEY (origin, receiver, sender, epoch)
) STRICT, WITHOUT ROWID;
INSERT INTO flow VALUES(17,23,17,359045492,83);
INSERT INTO flow VALUES(17,24,17,359045493,85);
INSERT INTO flow VALUES(17,25,23,359045493,7);
INSERT INTO flow VALUES(21,7,21,359045492,198);
INSERT INTO flow VALUES(21,17,21,359045493,91);
INSERT INTO flow VALUES(21,18,7,359045493,15);
INSERT INTO flow VALUES(21,24,21,359045493,83);
CREATE TABLE epoch (
    ordinal  INTEGER NOT NULL PRIMARY KEY,
    epoch    INTEGER NOT NULL,
    minted   INTEGER NOT NULL,
    moved    INTEGER NOT NULL,
    sink     INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    decayed  INTEGER NOT NULL,
    expired  INTEGER NOT NULL,
    burned   INTEGER NOT NULL,
    forgotten INTEGER NOT NULL
) STRICT;
INSERT INTO epoch VALUES(2,359045491,11000,792,8,0,0,0,0,0);
INSERT INTO epoch VALUES(3,359045492,12791,1782,18,0,78,0,0,0);
INSERT INTO epoch VALUES(4,359045493,4699,1584,16,0,240,0,0,0);
CREATE TABLE source (
    name         TEXT NOT NULL PRIMARY KEY,   -- kind and url
    kind         TEXT NOT NULL,
    url          TEXT NOT NULL,
    cursor       INTEGER,                     -- all below it is done
    event_micros INTEGER,
    lag_micros   INTEGER,
    connected    INTEGER NOT NULL
) STRICT;
INSERT INTO source VALUES('file /tmp/sch/first.frames','file','/tmp/sch/first.frames',795567,1795227467180000,260528713097,0);
CREATE TABLE counter (
    name  TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
INSERT INTO counter VALUES('frames.account',30);
INSERT INTO counter VALUES('frames.commit',393);
INSERT INTO counter VALUES('frames.identity',30);
INSERT INTO counter VALUES('frames.passed',117);
INSERT INTO counter VALUES('frames.stale',2);
INSERT INTO counter VALUES('frames.sync',30);
INSERT INTO counter VALUES('likes.accepted',42);
INSERT INTO counter VALUES('likes.outside',70);
INSERT INTO counter VALUES('likes.self',1);
INSERT INTO counter VALUES('checkpoint.images',27);
CREATE TABLE backfill (
    account         INTEGER NOT NULL PRIMARY KEY,
    state           TEXT NOT NULL,            -- queued running done failed
    reason          TEXT NOT NULL,
    attempts        INTEGER NOT NULL,
    not_before_micros INTEGER NOT NULL,
    error           TEXT
, likes TEXT, gap INTEGER) STRICT;
CREATE TABLE gap (
    id               INTEGER NOT NULL PRIMARY KEY,
    kind             TEXT NOT NULL,
    account          INTEGER,             -- NULL: everybody's
    source           TEXT,           -- of a stream's gap: which source
    from_rev         TEXT,           -- of an account's gap: last commit seen before it
    to_rev           TEXT,           -- and where it ends
    from_micros      INTEGER,             -- of a stream's gap: last event seen before it
    to_micros        INTEGER,             -- and the first after it
    accounts         INTEGER NOT NULL,    -- whose repos are to be read again
    accounts_left    INTEGER NOT NULL,    -- of them, not yet
    opened_micros    INTEGER NOT NULL,    -- event time
    closed_micros    INTEGER,             -- NULL: open
    likes_found      INTEGER NOT NULL,    -- likes read again that had been missed
    follows_changed  INTEGER NOT NULL,    -- follow records found, or found gone
    blocks_changed   INTEGER NOT NULL     -- block records found, or found gone
) STRICT;
CREATE TABLE identity (
    account        INTEGER NOT NULL PRIMARY KEY,
    pds            TEXT,
    handle         TEXT,           -- as claimed there, unverified
    signing_key    TEXT,           -- multikey
    fetched_micros INTEGER NOT NULL     -- local time
) STRICT;
INSERT INTO identity VALUES(0,NULL,NULL,NULL,0);
INSERT INTO identity VALUES(1,NULL,NULL,NULL,0);
CREATE TABLE bootstrap (
    singleton       INTEGER NOT NULL PRIMARY KEY CHECK (singleton = 1),
    state           TEXT NOT NULL,       -- reading taking done
    after_micros    INTEGER NOT NULL,    -- likes up to this time are too old
    first_micros    INTEGER NOT NULL,    -- event time from which the sources tell everything
    upto_micros     INTEGER NOT NULL,    -- likes after this time come by the sources alone
    begun_micros    INTEGER NOT NULL,    -- local time of the first start
    ended_micros    INTEGER,             -- local time
    likes_read      INTEGER NOT NULL,    -- that may count, waiting or taken
    likes_taken     INTEGER NOT NULL,    -- of them, those given to the ledger
    taken_tid       INTEGER NOT NULL,    -- the last of these: its key in table bootstrap_like
    taken_account   INTEGER NOT NULL,
    taken_record    INTEGER NOT NULL
) STRICT;
CREATE TABLE bootstrap_account (
    account     INTEGER NOT NULL PRIMARY KEY,
    read_micros INTEGER NOT NULL,        -- local time before it was read
    likes       INTEGER NOT NULL,        -- read now, of whatever kind
    capped      INTEGER NOT NULL,        -- 1: there are older ones, beyond max_likes
    error       TEXT                     -- why it was given up; NULL: read
) STRICT;
CREATE TABLE bootstrap_like (
    tid     INTEGER NOT NULL,            -- the record's key, a TID, as a number
    account INTEGER NOT NULL,            -- whose like
    record  INTEGER NOT NULL,            -- 1 like 2 repost
    author  INTEGER NOT NULL,            -- whose post
    post    TEXT NOT NULL,               -- that post's key
    nonce   INTEGER NOT NULL,            -- 64 bits of the record's digest, as a signed number
    PRIMARY KEY (tid, account, record)
) STRICT, WITHOUT ROWID;
CREATE TABLE history (
    holder   INTEGER NOT NULL,            -- ledger id
    epoch    INTEGER NOT NULL,
    received INTEGER NOT NULL DEFAULT 0,  -- points credited in the epoch, claims included; not held ones
    given    INTEGER NOT NULL DEFAULT 0,  -- points paid in the epoch, the sink's cut included
    hop      INTEGER,                     -- in the circle at its end; NULL: not a member, or not over
    own      INTEGER,                     -- own points left; NULL: not over, or not settled yet
    tally    INTEGER,                     -- points received and still held, others included
    tracked  INTEGER,                     -- of them, points of pinned origins (the tracked accounts);
                                          -- where nothing is pinned, the tally
    rank     INTEGER,                     -- 1 + members with more tracked points; NULL: no member,
                                          -- no tracked points, or not everybody is settled yet
    PRIMARY KEY (holder, epoch)
) STRICT, WITHOUT ROWID;
INSERT INTO history VALUES(1,359045491,0,300,1,700,0,0,NULL);
INSERT INTO history VALUES(1,359045492,0,100,1,900,0,0,NULL);
INSERT INTO history VALUES(1,359045493,0,200,NULL,NULL,NULL,NULL,NULL);
INSERT INTO history VALUES(2,359045491,99,0,1,1000,99,0,NULL);
INSERT INTO history VALUES(2,359045492,99,0,1,1000,188,0,NULL);
INSERT INTO history VALUES(3,359045491,0,100,1,900,0,0,NULL);
INSERT INTO history VALUES(3,359045492,99,0,1,1000,99,0,NULL);
INSERT INTO history VALUES(3,359045493,0,100,NULL,NULL,NULL,NULL,NULL);
INSERT INTO history VALUES(4,359045491,297,100,1,909,288,0,NULL);
INSERT INTO history VALUES(4,359045492,0,0,1,1000,260,0,NULL);
INSERT INTO history VALUES(4,359045493,0,100,NULL,NULL,NULL,NULL,NULL);
INSERT INTO history VALUES(5,359045491,99,0,2,1000,99,0,NULL);
INSERT INTO history VALUES(5,359045492,198,200,2,832,255,0,NULL);
INSERT INTO history VALUES(6,359045491,0,100,1,900,0,0,NULL);
INSERT INTO history VALUES(6,359045492,99,0,1,1000,99,0,NULL);
INSERT INTO history VALUES(6,359045493,99,100,NULL,NULL,NULL,NULL,NULL);
INSERT INTO history VALUES(7,359045491,99,0,2,1000,99,0,NULL);
INSERT INTO history VALUES(7,359045492,198,100,2,908,279,198,1);
INSERT INTO history VALUES(7,359045493,0,100,NULL,NULL,NULL,NULL,NULL);
INSERT INTO history VALUES(8,359045491,0,100,2,900,0,0,NULL);
INSERT INTO history VALUES(8,359045493,0,100,NULL,NULL,NULL,NULL,NULL);
INSERT INTO history VALUES(9,359045491,99,0,2,1000,99,0,NULL);
INSERT INTO history VALUES(9,359045492,0,0,NULL,1000,89,0,NULL);
INSERT INTO history VALUES(10,359045491,0,100,1,900,0,0,NULL);
INSERT INTO history VALUES(10,359045493,0,100,NULL,NULL,NULL,NULL,NULL);
INSERT INTO history VALUES(11,359045491,99,0,2,1000,99,0,NULL);
INSERT INTO history VALUES(11,359045492,0,100,2,908,81,0,NULL);
INSERT INTO history VALUES(12,359045492,0,200,2,800,0,0,NULL);
INSERT INTO history VALUES(13,359045492,198,200,1,818,180,0,NULL);
INSERT INTO history VALUES(13,359045493,99,200,NULL,NULL,NULL,NULL,NULL);
INSERT INTO history VALUES(14,359045492,198,0,2,1000,198,0,NULL);
INSERT INTO history VALUES(15,359045492,99,100,2,909,90,0,NULL);
INSERT INTO history VALUES(15,359045493,297,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO history VALUES(16,359045492,99,200,2,810,89,0,NULL);
INSERT INTO history VALUES(17,359045492,198,100,0,916,182,0,NULL);
INSERT INTO history VALUES(17,359045493,99,100,NULL,NULL,NULL,NULL,NULL);
INSERT INTO history VALUES(18,359045492,0,100,2,900,0,0,NULL);
INSERT INTO history VALUES(18,359045493,99,100,NULL,NULL,NULL,NULL,NULL);
INSERT INTO history VALUES(19,359045492,0,100,2,900,0,0,NULL);
INSERT INTO history VALUES(19,359045493,99,100,NULL,NULL,NULL,NULL,NULL);
INSERT INTO history VALUES(20,359045492,99,0,1,1000,99,0,NULL);
INSERT INTO history VALUES(21,359045492,99,200,0,800,99,0,NULL);
INSERT INTO history VALUES(21,359045493,99,200,NULL,NULL,NULL,NULL,NULL);
INSERT INTO history VALUES(22,359045492,0,100,1,900,0,0,NULL);
INSERT INTO history VALUES(23,359045492,99,0,2,1000,99,83,2);
INSERT INTO history VALUES(23,359045493,0,100,NULL,NULL,NULL,NULL,NULL);
INSERT INTO history VALUES(24,359045493,396,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO history VALUES(25,359045493,99,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO history VALUES(26,359045493,198,0,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE kept_checkpoint (
    ordinal  INTEGER NOT NULL PRIMARY KEY,  -- of the tick
    epoch    INTEGER NOT NULL,              -- that the tick began
    position INTEGER NOT NULL,              -- of the tick in the journal
    accounts INTEGER NOT NULL,              -- of the ledger at that moment, the sink included
    complete INTEGER NOT NULL               -- 1: all their images are there
) STRICT;
INSERT INTO kept_checkpoint VALUES(4,359045493,33,24,1);
CREATE TABLE kept_image (
    ordinal  INTEGER NOT NULL,              -- the checkpoint
    holder   INTEGER NOT NULL,              -- ledger id
    position INTEGER NOT NULL,              -- at which it is true: the tick's, or later
    image    BLOB NOT NULL,                -- LEB128 numbers: see store/src/kept.rs
    PRIMARY KEY (ordinal, holder)
) STRICT, WITHOUT ROWID;
INSERT INTO kept_image VALUES(4,0,49,X'002a040000');
INSERT INTO kept_image VALUES(4,1,49,X'a00600040000');
INSERT INTO kept_image VALUES(4,2,49,X'e8070004040150000b010001080003500000');
INSERT INTO kept_image VALUES(4,3,49,X'8d070004020d070002490000');
INSERT INTO kept_image VALUES(4,4,49,X'9707000403034300034a00024a0000');
INSERT INTO kept_image VALUES(4,5,49,X'e807000404030700013d000f490003590000');
INSERT INTO kept_image VALUES(4,6,49,X'9407000402015a000b520000');
INSERT INTO kept_image VALUES(4,7,49,X'980700040201440014a3010000');
INSERT INTO kept_image VALUES(4,8,49,X'840700040000');
INSERT INTO kept_image VALUES(4,9,49,X'e80700040101500000');
INSERT INTO kept_image VALUES(4,10,49,X'840700040000');
INSERT INTO kept_image VALUES(4,11,49,X'e8070004010a490000');
INSERT INTO kept_image VALUES(4,12,49,X'e80700040000');
INSERT INTO kept_image VALUES(4,13,49,X'c406000404085a00020600014400013d0000');
INSERT INTO kept_image VALUES(4,14,49,X'e8070004030107000652000b590000');
INSERT INTO kept_image VALUES(4,15,49,X'e807000408016300020600015100020600020600026300020700014a0000');
INSERT INTO kept_image VALUES(4,16,49,X'e8070004020c070001490000');
INSERT INTO kept_image VALUES(4,17,49,X'9207000406010800030500013e000b4b00030700025b0000');
INSERT INTO kept_image VALUES(4,18,49,X'8407000403010500064f000e0f0000');
INSERT INTO kept_image VALUES(4,19,49,X'8d07000401125a0000');
INSERT INTO kept_image VALUES(4,20,49,X'e807000404030100010600014a000e080000');
INSERT INTO kept_image VALUES(4,21,49,X'b806000404014a0002510009010003080000');
INSERT INTO kept_image VALUES(4,22,49,X'e80700040000');
INSERT INTO kept_image VALUES(4,23,49,X'8c070004040506000b060001440002010000');
CREATE TABLE dropped_like (
    sender INTEGER NOT NULL,                -- ledger id
    record INTEGER NOT NULL,                -- 1 like 2 repost
    rkey   TEXT NOT NULL,
    epoch  INTEGER NOT NULL,                -- in which it was journaled
    PRIMARY KEY (sender, record, rkey)
) STRICT, WITHOUT ROWID;
CREATE TABLE handle_lookup (
    account           INTEGER NOT NULL PRIMARY KEY,
    attempts          INTEGER NOT NULL,    -- failures in a row
    not_before_micros INTEGER              -- local time; NULL: not before its next #identity
) STRICT;
CREATE TABLE repo (
    account INTEGER NOT NULL PRIMARY KEY,
    rev     TEXT NOT NULL,                  -- last commit seen
    data    BLOB                            -- SHA-256 of the tree root after it; NULL: not known
, likes_upto TEXT) STRICT;
INSERT INTO repo VALUES(0,'3n2rzvrkf7t2r',X'4150c6fe84ef86e064fb6f4944538ccebc2b16af87d747bcc3333d0dd029bacc',NULL);
INSERT INTO repo VALUES(1,'3n2rzvqtjrl2r',X'ce2129c823dc89d12690ba464d35b9709005fc949d0c8f19e1f5ba8b4a9766dc',NULL);
INSERT INTO repo VALUES(2,'3n2rzvqfmhl2r',X'9bbc0fb743ce4cdd2325989c7b9e423bfa14350e3c63168efeb7a097a5b79765',NULL);
INSERT INTO repo VALUES(3,'3n2rzvqc5532r',X'096560f7b56abfcc2f0ae6bcf42c90fa23971a2b9fec94c8e631b809236b6204',NULL);
INSERT INTO repo VALUES(4,'3n2rzvrg5i32r',X'fa637473cb9c9751b4537046d9c3ebae291c3812b38ea50e56feeb65c41dcf86',NULL);
INSERT INTO repo VALUES(5,'3n2rzvqzuvl2r',X'e960a929cff4589ff69cb6d1fd4619864b8c5da3390b9ea823de291fe54f9a8a',NULL);
INSERT INTO repo VALUES(6,'3n2rzvrbput2r',NULL,NULL);
INSERT INTO repo VALUES(7,'3n2rzvrcl7t2r',X'7435d0311a8af45a4df2e04aeac74844ceca837ac4d9d2b96661ae8b720c88d4',NULL);
INSERT INTO repo VALUES(8,'3n2rzvrewg32r',X'b96e10a29a1f28e1c3499b888099d5c98a6dc271886598c18442ee6ff26401bf',NULL);
INSERT INTO repo VALUES(9,'3n2rzvraayt2r',X'ec784a58dc5c8c733a62948886dd8f26dd864905899c0415a29c04001b1e8dba',NULL);
INSERT INTO repo VALUES(10,'3n2rzvribtl2r',X'1d3a84ea1bae2577d7ab99611bcf063a08f909904daca0f465a78c82d1e86bbd',NULL);
INSERT INTO repo VALUES(11,'3n2rzvr5k3l2r',X'd007eecabae44ad43e1180eacd83a7f937b39b8e7dc284928e8f4a4b2c462f28',NULL);
INSERT INTO repo VALUES(12,'3n2rzvqs3ut2r',X'ea3003d869ceb8361a49d6c53b0c364b84ce9c1a48ac631f2ee1d807420fcf00',NULL);
INSERT INTO repo VALUES(13,'3n2rzvrc4l32r',X'274e5cec6604fac87369b613f561c5c241e4993a19c5f2052f2447cd64de4748',NULL);
INSERT INTO repo VALUES(14,'3n2rzvr3lll2r',X'3036d7e5a1226efcae5e9d522683172ecfb123bc4a5afd2150fe6c46818255bc',NULL);
INSERT INTO repo VALUES(15,'3n2rzvqklnd2r',X'1a0d4a749ecb0ddd5548ecb5c45f461732bbd481f4061bc7e7944d39b427bdbf',NULL);
INSERT INTO repo VALUES(16,'3n2rzvrhlet2r',X'd58d92be66342c3ba93e30a6787f1fc8adc09cc634bc0d905188a99408196323',NULL);
INSERT INTO repo VALUES(17,'3n2rzvq7sw32r',NULL,NULL);
INSERT INTO repo VALUES(18,'3n2rzvrls5d2r',NULL,NULL);
INSERT INTO repo VALUES(19,'3n2rzvrkqwt2r',NULL,NULL);
INSERT INTO repo VALUES(20,'3n2rzvoz7kt2r',NULL,NULL);
INSERT INTO repo VALUES(21,'3n2rzvp7pl32r',NULL,NULL);
INSERT INTO repo VALUES(22,'3n2rzvr7ret2r',X'b1f33ab7f799a21954e2c0f8d055f36d4fc9e0926e97346519daa2aae484f032',NULL);
INSERT INTO repo VALUES(23,'3n2rzvqwgkd2r',X'b39103b2cfcaccd3e7de649d965eb95bda8bd1275b99a655255af9c41ac2e252',NULL);
INSERT INTO repo VALUES(24,'3n2rzvpf5fl2r',NULL,NULL);
INSERT INTO repo VALUES(25,'3n2rzvqqoxd2r',X'4129f7f11341f8494fd236cb5dd4e47b9eb5880b2bbb771eb218249699480ddc',NULL);
INSERT INTO repo VALUES(26,'3n2rzvre42d2r',X'f2d31f7a221e7d2e9196db968b28cfbb90e61b93653ad1ca22d9fe6ec6840a69',NULL);
INSERT INTO repo VALUES(27,'3n2rzvrapnl2r',NULL,NULL);
INSERT INTO repo VALUES(28,'3n2rzvptyyd2r',X'9831869b9062718c89c4abff7e87fc07dda2b735ad56035fcfc26e857ae9be9a',NULL);
INSERT INTO repo VALUES(29,'3n2rzvr2aml2r',NULL,NULL);
CREATE TABLE request (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    kind            TEXT    NOT NULL CHECK (kind IN ('claim', 'forget', 'remember')),
    did             TEXT    NOT NULL,   -- who claims, is to be forgotten, or not any more
    sender          TEXT,               -- of a claim: bundles of this account only
    entry           INTEGER CHECK (entry >= 0),  -- of a claim: this bundle only, 0 is the oldest
    asked_micros    INTEGER NOT NULL,   -- local time
    answer          TEXT,               -- NULL: it waits; done, or why not
    operations      INTEGER,            -- rows of the journal that it made
    position        INTEGER,            -- the last of these
    points          INTEGER,            -- claimed, or given up
    answered_micros INTEGER             -- local time
) STRICT;
CREATE TABLE forgotten (
    account INTEGER NOT NULL PRIMARY KEY,
    micros  INTEGER NOT NULL            -- local time
) STRICT;
CREATE TABLE status_event (
    account INTEGER NOT NULL PRIMARY KEY,
    micros  INTEGER NOT NULL,           -- its event time
    source  TEXT    NOT NULL            -- who told it: source.name
) STRICT;
INSERT INTO status_event VALUES(0,1795227447636000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(1,1795227449828000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(2,1795227445852000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(3,1795227446019000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(4,1795227446093000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(5,1795227446753000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(6,1795227446769000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(7,1795227447036000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(8,1795227447348000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(9,1795227447384000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(10,1795227448055000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(11,1795227448058000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(12,1795227448284000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(13,1795227448531000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(14,1795227448552000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(15,1795227448670000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(16,1795227449095000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(17,1795227449166000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(18,1795227449213000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(19,1795227449647000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(20,1795227449859000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(21,1795227450086000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(22,1795227450359000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(23,1795227450365000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(24,1795227450620000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(25,1795227450809000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(26,1795227450823000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(27,1795227450972000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(28,1795227451079000,'file /tmp/sch/first.frames');
INSERT INTO status_event VALUES(29,1795227451130000,'file /tmp/sch/first.frames');
CREATE TABLE skipped (
    account INTEGER NOT NULL PRIMARY KEY
) STRICT;
CREATE TABLE named (
    handle TEXT NOT NULL PRIMARY KEY,
    did    TEXT NOT NULL
) STRICT;
CREATE TABLE ledger_number (
    ledger_id INTEGER NOT NULL PRIMARY KEY,       -- its number in the ledger
    account   INTEGER NOT NULL UNIQUE
) STRICT;
INSERT INTO ledger_number VALUES(1,12);
INSERT INTO ledger_number VALUES(2,33);
INSERT INTO ledger_number VALUES(3,8);
INSERT INTO ledger_number VALUES(4,15);
INSERT INTO ledger_number VALUES(5,9);
INSERT INTO ledger_number VALUES(6,3);
INSERT INTO ledger_number VALUES(7,16);
INSERT INTO ledger_number VALUES(8,25);
INSERT INTO ledger_number VALUES(9,34);
INSERT INTO ledger_number VALUES(10,7);
INSERT INTO ledger_number VALUES(11,28);
INSERT INTO ledger_number VALUES(12,14);
INSERT INTO ledger_number VALUES(13,4);
INSERT INTO ledger_number VALUES(14,20);
INSERT INTO ledger_number VALUES(15,2);
INSERT INTO ledger_number VALUES(16,5);
INSERT INTO ledger_number VALUES(17,0);
INSERT INTO ledger_number VALUES(18,13);
INSERT INTO ledger_number VALUES(19,26);
INSERT INTO ledger_number VALUES(20,31);
INSERT INTO ledger_number VALUES(21,1);
INSERT INTO ledger_number VALUES(22,23);
INSERT INTO ledger_number VALUES(23,10);
INSERT INTO ledger_number VALUES(24,11);
INSERT INTO ledger_number VALUES(25,30);
INSERT INTO ledger_number VALUES(26,22);
CREATE TABLE IF NOT EXISTS "account" (
    id             INTEGER NOT NULL PRIMARY KEY,
    did            TEXT NOT NULL UNIQUE,
    handle         TEXT,                       -- a display label; NULL until known
    hop            INTEGER,                    -- NULL: not a member of the circle
    since_micros   INTEGER,                    -- event time of entering the circle
    status         TEXT NOT NULL DEFAULT 'active',
    capped         INTEGER NOT NULL DEFAULT 0  -- 1: follows read only up to max_follows
) STRICT;
INSERT INTO account VALUES(0,'did:plc:xgcmvr2q5axie2fmg33jtqgp','user010.pds1.test',0,1795227445851000,'active',0);
INSERT INTO account VALUES(1,'did:plc:smefixvlbxnwcducmvot6noa','user025.pds1.test',0,1795227445851000,'active',0);
INSERT INTO account VALUES(2,'did:plc:7d6uityyfpfxqrmd2y2olxsu','user000.pds1.test',2,1795227452222000,'active',0);
INSERT INTO account VALUES(3,'did:plc:sxmei4ym4fsfdyeu4nxhimby','user001.pds1.test',1,1795227453449000,'active',0);
INSERT INTO account VALUES(4,'did:plc:akrz3v5hzyai4k5azliufjnj','user002.pds1.test',2,1795227453449000,'active',0);
INSERT INTO account VALUES(5,'did:plc:yms7vpb2tzw37ku4dib72cyx','user004.pds1.test',2,1795227452222000,'active',0);
INSERT INTO account VALUES(6,'did:plc:b52gpd7ot22ttwzhtnrxaxr7','user005.pds1.test',NULL,NULL,'active',0);
INSERT INTO account VALUES(7,'did:plc:cvnpepsd6kmenwutfxcwtvea','user006.pds1.test',1,1795227452222000,'active',0);
INSERT INTO account VALUES(8,'did:plc:spe4eu2gbtws2zvhl5n34rbp','user008.pds1.test',1,1795227453404000,'active',0);
INSERT INTO account VALUES(9,'did:plc:ywev2x2quxyew5diwpss57kh','user009.pds1.test',2,1795227452222000,'active',0);
INSERT INTO account VALUES(10,'did:plc:atk3bhka3eufnhc77qznqhbs','user012.pds1.test',2,1795227460688000,'active',0);
INSERT INTO account VALUES(11,'did:plc:bmu773p54bcmqwswzenbgql2','user013.pds1.test',1,1795227452222000,'active',0);
INSERT INTO account VALUES(12,'did:plc:kwa2lj5f63a3srff56dvwh3g','user014.pds1.test',1,1795227452629000,'active',0);
INSERT INTO account VALUES(13,'did:plc:pgy5qvkiz3k36y6scvlyo44q','user016.pds1.test',2,1795227453449000,'active',0);
INSERT INTO account VALUES(14,'did:plc:splxvgvxdh4twuguyqbxsauw','user017.pds1.test',2,1795227452222000,'active',0);
INSERT INTO account VALUES(15,'did:plc:6wj2mdutbl7f3ber4c3epoys','user018.pds1.test',1,1795227452222000,'active',0);
INSERT INTO account VALUES(16,'did:plc:bfgyhbcueiu4s622tgovisuc','user020.pds1.test',2,1795227453404000,'active',0);
INSERT INTO account VALUES(17,'did:plc:q5cuwjt654b3wnpuvsqjdkvt','user021.pds1.test',NULL,NULL,'active',0);
INSERT INTO account VALUES(18,'did:plc:gxyjli6fnce5fn5pnkwumm4y','user022.pds1.test',NULL,NULL,'active',0);
INSERT INTO account VALUES(19,'did:plc:4zb4vu5coi2tv462we2ywewp','user024.pds1.test',NULL,NULL,'active',0);
INSERT INTO account VALUES(20,'did:plc:xf6o2khl47iklmxwf77a25pr','user026.pds1.test',NULL,NULL,'active',0);
INSERT INTO account VALUES(21,'did:plc:3ufmgmi74gm7lj4bo52nkk2n','user028.pds1.test',NULL,NULL,'active',0);
INSERT INTO account VALUES(22,'did:plc:zrwmu7n6txnpomrrg4rjzigt','user029.pds1.test',2,1795227465309000,'active',0);
INSERT INTO account VALUES(23,'did:plc:nmjnezh4sfk7dvtifqiymoye','user030.pds1.test',1,1795227462132000,'active',0);
INSERT INTO account VALUES(24,'did:plc:da76td55mxycay3pl63do5tp','user032.pds1.test',NULL,NULL,'active',0);
INSERT INTO account VALUES(25,'did:plc:4onggx7fot4rlcdjaq3lsitr','user033.pds1.test',2,1795227453404000,'active',0);
INSERT INTO account VALUES(26,'did:plc:azxqah7dw4drmttwht6is7ns','user034.pds1.test',2,1795227452222000,'active',0);
INSERT INTO account VALUES(27,'did:plc:mfclygkjscdc75fhsx7hcrhc','user036.pds1.test',NULL,NULL,'active',0);
INSERT INTO account VALUES(28,'did:plc:bdnr6r6dm2nv67ow46s2yoxs','user037.pds1.test',2,1795227452222000,'active',0);
INSERT INTO account VALUES(29,'did:plc:onuxnuohqefr43ws3hku3dv3','user038.pds1.test',NULL,NULL,'active',0);
INSERT INTO account VALUES(30,'did:plc:4m4z4m33rbimmmudaasapf6b',NULL,2,1795227452222000,'active',0);
INSERT INTO account VALUES(31,'did:plc:jvogbkzqjw5jhegtg6a6tmdy',NULL,1,1795227453449000,'active',0);
INSERT INTO account VALUES(32,'did:plc:katghyinmunhdxv2uejojkqu',NULL,NULL,NULL,'active',0);
INSERT INTO account VALUES(33,'did:plc:jxaeq2uzglxs44py7ai5rfbc',NULL,1,1795227452222000,'active',0);
INSERT INTO account VALUES(34,'did:plc:3lgfhqpjp4nvqhhj3azaed5b',NULL,NULL,NULL,'active',0);
INSERT INTO account VALUES(35,'did:plc:2v4sqywbew5okh7czppp7gob',NULL,NULL,NULL,'active',0);
INSERT INTO account VALUES(36,'did:plc:gxh63dlgl3gjb4tcki6obdfz',NULL,NULL,NULL,'active',0);
INSERT INTO account VALUES(37,'did:plc:rrcs3svhxqcqtgxakgjoh7lh',NULL,1,1795227459891000,'active',0);
INSERT INTO account VALUES(38,'did:plc:vf5j22ghmqna5q3kmir6suoc',NULL,NULL,NULL,'active',0);
INSERT INTO account VALUES(39,'did:plc:5zjnofdzojjxb7qum4a3zyf7',NULL,NULL,NULL,'active',0);
DELETE FROM sqlite_sequence;
CREATE INDEX journal_kind ON journal (kind, position) WHERE kind <> 1;
CREATE INDEX assignment_origin ON assignment (origin, points);
CREATE INDEX gap_open ON gap (opened_micros) WHERE closed_micros IS NULL;
CREATE INDEX history_epoch ON history (epoch, rank);
CREATE INDEX history_open ON history (epoch, holder) WHERE own IS NULL;
CREATE INDEX history_unranked ON history (epoch, holder)
    WHERE rank IS NULL AND hop IS NOT NULL AND tracked > 0;
CREATE INDEX circle_change_account ON circle_change (account, id);
CREATE INDEX journal_rejected ON journal (position) WHERE outcome <> 0;
CREATE VIEW v_epochs AS
SELECT
    e.ordinal,                                           -- ticks before it
    e.epoch,
    CASE WHEN e.epoch >= s.epoch_base
        THEN s.epoch_base_micros + (e.epoch - s.epoch_base) * s.epoch_micros
    END AS begins_micros,                                -- NULL: before the length was changed
    e.minted,                                            -- own points topped up, less those unspent
    e.moved,                                             -- paid towards receivers
    e.sink,                                              -- paid towards the sink
    e.returned,                                          -- lost: came back to their origin
    e.decayed,                                           -- lost at ticks
    e.expired,                                           -- lost with bundles nobody claimed
    e.burned,                                            -- lost to rounding (rule reference)
    e.forgotten,                                         -- lost with forgotten accounts
    e.returned + e.decayed + e.expired + e.burned + e.forgotten AS lost
FROM epoch e
CROSS JOIN state s
;
CREATE VIEW v_size AS
SELECT pages.page_count * size.page_size AS bytes
FROM pragma_page_count AS pages
CROSS JOIN pragma_page_size AS size;
CREATE INDEX request_waiting ON request (id) WHERE answer IS NULL;
CREATE INDEX journal_ahead ON journal (rkey) WHERE rkey > rev;
CREATE INDEX account_hop ON account (hop, id) WHERE hop IS NOT NULL;
CREATE VIEW numbered AS
SELECT n.ledger_id, a.id, a.did, a.handle, a.hop, a.since_micros, a.status, a.capped
FROM ledger_number n
JOIN account a ON a.id = n.account;
CREATE VIEW v_accounts AS
SELECT
    COALESCE(a.did, 'sink') AS did,                      -- the sink has no DID
    a.handle,
    a.hop,                                               -- NULL: outside the circle
    l.own,                                               -- points it may still give in this epoch
    l.others,                                            -- received, of origins that were collapsed
    l.tally,                                             -- all received: others and the rows
    l.rows,                                              -- origins it holds points of
    l.unclaimed,                                         -- bundles that wait
    l.ordinal,                                           -- ticks it is settled to
    l.position,                                          -- journal position of the image
    l.id                                                 -- its number in the ledger
FROM ledger_account l
LEFT JOIN ledger_number n ON n.ledger_id = l.id
LEFT JOIN account a ON a.id = n.account
;
CREATE VIEW v_assignments AS
SELECT
    COALESCE(h.did, 'sink') AS holder,
    h.handle AS holder_handle,
    h.hop AS holder_hop,
    o.did AS origin,
    o.handle AS origin_handle,
    o.hop AS origin_hop,
    s.points,
    s.holder AS holder_id,                               -- numbers in the ledger
    s.origin AS origin_id
FROM assignment s
JOIN numbered o ON o.ledger_id = s.origin
LEFT JOIN ledger_number n ON n.ledger_id = s.holder
LEFT JOIN account h ON h.id = n.account
;
CREATE VIEW v_trust AS
SELECT
    o.did AS viewer,
    h.did,                                               -- the holder
    h.handle,
    h.hop,
    s.points,
    CAST(s.points AS DOUBLE PRECISION)
        / CAST(SUM(s.points) OVER (PARTITION BY o.did) AS DOUBLE PRECISION) AS share,
    RANK() OVER (PARTITION BY o.did ORDER BY s.points DESC) AS rank
FROM numbered o
JOIN assignment s ON s.origin = o.ledger_id AND s.holder <> 0
JOIN numbered h ON h.ledger_id = s.holder
;
CREATE VIEW v_flows AS
SELECT
    o.did AS origin,
    s.did AS sender,
    r.did AS receiver,
    f.epoch,
    f.points
FROM flow f
JOIN numbered o ON o.ledger_id = f.origin
JOIN numbered s ON s.ledger_id = f.sender
JOIN numbered r ON r.ledger_id = f.receiver;
CREATE VIEW v_likes AS
SELECT
    j.position,                                          -- in the order of the ledger
    j.epoch,
    j.micros,                                            -- event time
    CASE j.record WHEN 1 THEN 'like' WHEN 2 THEN 'repost' END AS record,
    s.did AS liker,
    s.hop AS liker_hop,                                  -- as of now
    r.did AS author,
    r.hop AS author_hop,
    j.points,
    j.sink_points,                                       -- of points, the sink's cut
    j.held,                                              -- 1: waits to be claimed
    CASE WHEN j.outcome = 0 THEN 1 ELSE 0 END AS accepted,
    CASE j.outcome
        WHEN 0 THEN NULL
        WHEN 1 THEN 'unknown account'
        WHEN 2 THEN 'too many accounts'
        WHEN 3 THEN 'the sink is a party'
        WHEN 4 THEN 'to oneself'
        WHEN 5 THEN 'no points'
        WHEN 6 THEN 'above the limit'
        WHEN 7 THEN 'not enough points'
        ELSE 'other'
    END AS rejected,                                     -- why; NULL: accepted
    j.rkey,                                              -- at://liker/app.bsky.feed.like/rkey
    j.subject_rkey                                       -- at://author/app.bsky.feed.post/subject_rkey
FROM journal j
JOIN numbered s ON s.ledger_id = j.sender
JOIN numbered r ON r.ledger_id = j.receiver
WHERE j.kind = 1
;
CREATE VIEW v_activity AS
SELECT
    j.epoch,
    j.micros / 86400000000 * 86400000000 AS day_micros,  -- when the day began, UTC
    s.hop,                                               -- NULL: outside the circle by now
    COUNT(*) AS likes,
    CAST(SUM(CASE WHEN j.outcome = 0 THEN 1 ELSE 0 END) AS BIGINT) AS accepted,
    CAST(SUM(CASE WHEN j.outcome = 0 THEN 0 ELSE 1 END) AS BIGINT) AS rejected,
    CAST(SUM(CASE WHEN j.outcome = 0 THEN j.held ELSE 0 END) AS BIGINT) AS held,
    CAST(SUM(CASE WHEN j.outcome = 0 THEN j.points ELSE 0 END) AS BIGINT) AS points
FROM journal j
JOIN numbered s ON s.ledger_id = j.sender
WHERE j.kind < 2 -- that is 1; said so, SQLite makes no index for the occasion
GROUP BY j.epoch, j.micros / 86400000000, s.hop
;
CREATE VIEW v_unclaimed AS
SELECT
    r.did AS receiver,
    r.handle AS receiver_handle,
    u.entry,                                             -- its place among the receiver's bundles
    s.did AS sender,
    s.handle AS sender_handle,
    u.points,
    t.ticks - u.ordinal AS ticks_waited,
    u.receiver AS receiver_id                            -- its number in the ledger
FROM unclaimed u
JOIN numbered r ON r.ledger_id = u.receiver
JOIN numbered s ON s.ledger_id = u.sender
CROSS JOIN state t
;
CREATE VIEW v_tracked AS
SELECT
    a.did,
    a.handle,
    t.label,
    n.ledger_id                                          -- NULL: never took part
FROM tracked t
CROSS JOIN account a -- in this order, also where a report joins further
LEFT JOIN ledger_number n ON n.account = a.id
WHERE a.id = t.account
;
CREATE VIEW v_circle AS
SELECT
    a.did,
    a.handle,                                            -- NULL until known
    a.hop,                                               -- 0 tracked, 1 followed by those, …
    CASE WHEN a.status = 'active' THEN 1 ELSE 0 END AS active,
    a.status,                                            -- active, deactivated, suspended, …
    a.since_micros,                                      -- event time of entering
    CASE WHEN t.account IS NULL THEN b.did END AS by_did, -- whose record; NULL for tracked accounts
    c.cause,                                             -- follow, track, backfill, …
    CASE WHEN t.account IS NULL THEN c.rkey END AS rkey, -- of that record
    CASE WHEN t.account IS NULL THEN 0 ELSE 1 END AS tracked,
    t.label,                                             -- from the configuration
    a.capped,                                            -- 1: follows read only up to max_follows
    a.id AS account                                      -- its number in table account
FROM account a
LEFT JOIN tracked t ON t.account = a.id
LEFT JOIN circle_change c ON c.id = (
    SELECT MAX(x.id)
    FROM circle_change x
    WHERE x.account = a.id AND x.from_hop IS NULL
)
LEFT JOIN account b ON b.id = c.by
WHERE a.hop IS NOT NULL
;
CREATE VIEW v_changes AS
SELECT
    c.id,                                                -- in the order in which they happened
    c.micros,
    a.did,
    a.handle,
    c.from_hop,                                          -- NULL: was outside
    c.to_hop,                                            -- NULL: is outside
    c.cause,
    b.did AS by_did,
    c.rkey
FROM circle_change c
JOIN account a ON a.id = c.account
LEFT JOIN account b ON b.id = c.by
;
CREATE VIEW v_gaps AS
SELECT
    g.id,
    g.kind,
    a.did,                                               -- NULL: everybody's events
    g.source,
    g.from_rev,
    g.to_rev,
    g.from_micros,
    g.to_micros,
    g.accounts,
    g.accounts_left,
    g.opened_micros,
    g.closed_micros,                                     -- NULL: open
    g.likes_found,
    g.follows_changed,
    g.blocks_changed
FROM gap g
LEFT JOIN account a ON a.id = g.account
;
COMMIT;
