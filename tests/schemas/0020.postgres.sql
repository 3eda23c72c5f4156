--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: _sqlx_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);


--
-- Name: account; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.account (
    id bigint NOT NULL,
    did text NOT NULL,
    handle text,
    hop bigint,
    since_micros bigint,
    status text DEFAULT 'active'::text NOT NULL,
    capped bigint DEFAULT 0 NOT NULL
);


--
-- Name: assignment; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.assignment (
    holder bigint NOT NULL,
    origin bigint NOT NULL,
    points bigint NOT NULL,
    touched bigint,
    CONSTRAINT assignment_points_check CHECK ((points > 0))
);


--
-- Name: backfill; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.backfill (
    account bigint NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    attempts bigint NOT NULL,
    not_before_micros bigint NOT NULL,
    error text,
    likes text,
    gap bigint
);


--
-- Name: block; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.block (
    blocker bigint NOT NULL,
    rkey text NOT NULL,
    subject bigint NOT NULL
);


--
-- Name: bootstrap; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.bootstrap (
    singleton bigint NOT NULL,
    state text NOT NULL,
    after_micros bigint NOT NULL,
    first_micros bigint NOT NULL,
    upto_micros bigint NOT NULL,
    begun_micros bigint NOT NULL,
    ended_micros bigint,
    likes_read bigint NOT NULL,
    likes_taken bigint NOT NULL,
    taken_tid bigint NOT NULL,
    taken_account bigint NOT NULL,
    taken_record bigint NOT NULL,
    CONSTRAINT bootstrap_singleton_check CHECK ((singleton = 1))
);


--
-- Name: bootstrap_account; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.bootstrap_account (
    account bigint NOT NULL,
    read_micros bigint NOT NULL,
    likes bigint NOT NULL,
    capped bigint NOT NULL,
    error text
);


--
-- Name: bootstrap_like; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.bootstrap_like (
    tid bigint NOT NULL,
    account bigint NOT NULL,
    record bigint NOT NULL,
    author bigint NOT NULL,
    post text NOT NULL,
    nonce bigint NOT NULL
);


--
-- Name: circle_change; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.circle_change (
    id bigint NOT NULL,
    micros bigint NOT NULL,
    account bigint NOT NULL,
    from_hop bigint,
    to_hop bigint,
    cause text NOT NULL,
    by bigint,
    rkey text
);


--
-- Name: counter; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.counter (
    name text NOT NULL,
    value bigint NOT NULL
);


--
-- Name: dropped_like; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.dropped_like (
    sender bigint NOT NULL,
    record bigint NOT NULL,
    rkey text NOT NULL,
    epoch bigint NOT NULL
);


--
-- Name: epoch; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.epoch (
    ordinal bigint NOT NULL,
    epoch bigint NOT NULL,
    minted bigint NOT NULL,
    moved bigint NOT NULL,
    sink bigint NOT NULL,
    returned bigint NOT NULL,
    decayed bigint NOT NULL,
    expired bigint NOT NULL,
    burned bigint NOT NULL,
    forgotten bigint NOT NULL
);


--
-- Name: flow; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.flow (
    origin bigint NOT NULL,
    receiver bigint NOT NULL,
    sender bigint NOT NULL,
    epoch bigint NOT NULL,
    points bigint NOT NULL,
    CONSTRAINT flow_points_check CHECK ((points > 0))
);


--
-- Name: follow; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.follow (
    follower bigint NOT NULL,
    rkey text NOT NULL,
    subject bigint NOT NULL
);


--
-- Name: forgotten; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.forgotten (
    account bigint NOT NULL,
    micros bigint NOT NULL
);


--
-- Name: gap; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.gap (
    id bigint NOT NULL,
    kind text NOT NULL,
    account bigint,
    source text,
    from_rev text,
    to_rev text,
    from_micros bigint,
    to_micros bigint,
    accounts bigint NOT NULL,
    accounts_left bigint NOT NULL,
    opened_micros bigint NOT NULL,
    closed_micros bigint,
    likes_found bigint NOT NULL,
    follows_changed bigint NOT NULL,
    blocks_changed bigint NOT NULL
);


--
-- Name: handle_lookup; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.handle_lookup (
    account bigint NOT NULL,
    attempts bigint NOT NULL,
    not_before_micros bigint
);


--
-- Name: history; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.history (
    holder bigint NOT NULL,
    epoch bigint NOT NULL,
    received bigint DEFAULT 0 NOT NULL,
    given bigint DEFAULT 0 NOT NULL,
    hop bigint,
    own bigint,
    tally bigint,
    tracked bigint,
    rank bigint
)
WITH (fillfactor='70');


--
-- Name: identity; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.identity (
    account bigint NOT NULL,
    pds text,
    handle text,
    signing_key text,
    fetched_micros bigint NOT NULL
);


--
-- Name: journal; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.journal (
    "position" bigint NOT NULL,
    epoch bigint NOT NULL,
    kind bigint NOT NULL,
    outcome bigint NOT NULL,
    sender bigint,
    receiver bigint,
    points bigint,
    nonce bigint,
    held bigint,
    entry bigint,
    pieces bytea,
    sink_points bigint NOT NULL,
    sink_pieces bytea,
    parameters text,
    record bigint,
    rkey text,
    rev text,
    subject_rkey text,
    micros bigint NOT NULL,
    CONSTRAINT journal_position_check CHECK (("position" > 0))
);


--
-- Name: kept_checkpoint; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.kept_checkpoint (
    ordinal bigint NOT NULL,
    epoch bigint NOT NULL,
    "position" bigint NOT NULL,
    accounts bigint NOT NULL,
    complete bigint NOT NULL
);


--
-- Name: kept_image; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.kept_image (
    ordinal bigint NOT NULL,
    holder bigint NOT NULL,
    "position" bigint NOT NULL,
    image bytea NOT NULL
);


--
-- Name: ledger_account; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ledger_account (
    id bigint NOT NULL,
    own bigint NOT NULL,
    others bigint NOT NULL,
    tally bigint NOT NULL,
    rows bigint NOT NULL,
    unclaimed bigint NOT NULL,
    ordinal bigint NOT NULL,
    "position" bigint NOT NULL,
    CONSTRAINT ledger_account_others_check CHECK ((others >= 0)),
    CONSTRAINT ledger_account_own_check CHECK ((own >= 0)),
    CONSTRAINT ledger_account_tally_check CHECK ((tally >= 0))
);


--
-- Name: ledger_number; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.ledger_number (
    ledger_id bigint NOT NULL,
    account bigint NOT NULL
);


--
-- Name: named; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.named (
    handle text NOT NULL,
    did text NOT NULL
);


--
-- Name: numbered; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.numbered AS
 SELECT n.ledger_id,
    a.id,
    a.did,
    a.handle,
    a.hop,
    a.since_micros,
    a.status,
    a.capped
   FROM (public.ledger_number n
     JOIN public.account a ON ((a.id = n.account)));


--
-- Name: repo; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.repo (
    account bigint NOT NULL,
    rev text NOT NULL,
    data bytea,
    likes_upto text
)
WITH (fillfactor='50');


--
-- Name: request; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.request (
    id bigint NOT NULL,
    kind text NOT NULL,
    did text NOT NULL,
    sender text,
    entry bigint,
    asked_micros bigint NOT NULL,
    answer text,
    operations bigint,
    "position" bigint,
    points bigint,
    answered_micros bigint,
    CONSTRAINT request_entry_check CHECK ((entry >= 0)),
    CONSTRAINT request_kind_check CHECK ((kind = ANY (ARRAY['claim'::text, 'forget'::text, 'remember'::text])))
);


--
-- Name: request_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.request ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.request_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: skipped; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.skipped (
    account bigint NOT NULL
);


--
-- Name: source; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.source (
    name text NOT NULL,
    kind text NOT NULL,
    url text NOT NULL,
    cursor bigint,
    event_micros bigint,
    lag_micros bigint,
    connected bigint NOT NULL
);


--
-- Name: state; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.state (
    singleton bigint NOT NULL,
    batch bigint NOT NULL,
    "position" bigint NOT NULL,
    ticks bigint NOT NULL,
    seed bigint NOT NULL,
    epoch bigint,
    epoch_micros bigint NOT NULL,
    epoch_base bigint,
    epoch_base_micros bigint,
    clock_micros bigint,
    flow_position bigint NOT NULL,
    depth bigint NOT NULL,
    checkpoint_position bigint DEFAULT 0 NOT NULL,
    dropped_position bigint DEFAULT 0 NOT NULL,
    history_epoch bigint,
    writer bigint DEFAULT 0 NOT NULL,
    CONSTRAINT state_batch_check CHECK ((batch >= 0)),
    CONSTRAINT state_epoch_micros_check CHECK ((epoch_micros > 0)),
    CONSTRAINT state_position_check CHECK (("position" >= 0)),
    CONSTRAINT state_singleton_check CHECK ((singleton = 1)),
    CONSTRAINT state_ticks_check CHECK ((ticks >= 0))
);


--
-- Name: status_event; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.status_event (
    account bigint NOT NULL,
    micros bigint NOT NULL,
    source text NOT NULL
);


--
-- Name: tracked; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.tracked (
    account bigint NOT NULL,
    label text
);


--
-- Name: unclaimed; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.unclaimed (
    receiver bigint NOT NULL,
    entry bigint NOT NULL,
    sender bigint NOT NULL,
    ordinal bigint NOT NULL,
    points bigint NOT NULL,
    pieces bytea NOT NULL
);


--
-- Name: v_accounts; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.v_accounts AS
 SELECT COALESCE(a.did, 'sink'::text) AS did,
    a.handle,
    a.hop,
    l.own,
    l.others,
    l.tally,
    l.rows,
    l.unclaimed,
    l.ordinal,
    l."position",
    l.id
   FROM ((public.ledger_account l
     LEFT JOIN public.ledger_number n ON ((n.ledger_id = l.id)))
     LEFT JOIN public.account a ON ((a.id = n.account)));


--
-- Name: v_activity; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.v_activity AS
 SELECT j.epoch,
    ((j.micros / '86400000000'::bigint) * '86400000000'::bigint) AS day_micros,
    s.hop,
    count(*) AS likes,
    sum(
        CASE
            WHEN (j.outcome = 0) THEN 1
            ELSE 0
        END) AS accepted,
    sum(
        CASE
            WHEN (j.outcome = 0) THEN 0
            ELSE 1
        END) AS rejected,
    (sum(
        CASE
            WHEN (j.outcome = 0) THEN j.held
            ELSE (0)::bigint
        END))::bigint AS held,
    (sum(
        CASE
            WHEN (j.outcome = 0) THEN j.points
            ELSE (0)::bigint
        END))::bigint AS points
   FROM (public.journal j
     JOIN public.numbered s ON ((s.ledger_id = j.sender)))
  WHERE (j.kind < 2)
  GROUP BY j.epoch, (j.micros / '86400000000'::bigint), s.hop;


--
-- Name: v_assignments; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.v_assignments AS
 SELECT COALESCE(h.did, 'sink'::text) AS holder,
    h.handle AS holder_handle,
    h.hop AS holder_hop,
    o.did AS origin,
    o.handle AS origin_handle,
    o.hop AS origin_hop,
    s.points,
    s.holder AS holder_id,
    s.origin AS origin_id
   FROM (((public.assignment s
     JOIN public.numbered o ON ((o.ledger_id = s.origin)))
     LEFT JOIN public.ledger_number n ON ((n.ledger_id = s.holder)))
     LEFT JOIN public.account h ON ((h.id = n.account)));


--
-- Name: v_changes; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.v_changes AS
 SELECT c.id,
    c.micros,
    a.did,
    a.handle,
    c.from_hop,
    c.to_hop,
    c.cause,
    b.did AS by_did,
    c.rkey
   FROM ((public.circle_change c
     JOIN public.account a ON ((a.id = c.account)))
     LEFT JOIN public.account b ON ((b.id = c.by)));


--
-- Name: v_circle; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.v_circle AS
 SELECT a.did,
    a.handle,
    a.hop,
        CASE
            WHEN (a.status = 'active'::text) THEN 1
            ELSE 0
        END AS active,
    a.status,
    a.since_micros,
        CASE
            WHEN (t.account IS NULL) THEN b.did
            ELSE NULL::text
        END AS by_did,
    c.cause,
        CASE
            WHEN (t.account IS NULL) THEN c.rkey
            ELSE NULL::text
        END AS rkey,
        CASE
            WHEN (t.account IS NULL) THEN 0
            ELSE 1
        END AS tracked,
    t.label,
    a.capped,
    a.id AS account
   FROM (((public.account a
     LEFT JOIN public.tracked t ON ((t.account = a.id)))
     LEFT JOIN public.circle_change c ON ((c.id = ( SELECT max(x.id) AS max
           FROM public.circle_change x
          WHERE ((x.account = a.id) AND (x.from_hop IS NULL))))))
     LEFT JOIN public.account b ON ((b.id = c.by)))
  WHERE (a.hop IS NOT NULL);


--
-- Name: v_epochs; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.v_epochs AS
 SELECT e.ordinal,
    e.epoch,
        CASE
            WHEN (e.epoch >= s.epoch_base) THEN (s.epoch_base_micros + ((e.epoch - s.epoch_base) * s.epoch_micros))
            ELSE NULL::bigint
        END AS begins_micros,
    e.minted,
    e.moved,
    e.sink,
    e.returned,
    e.decayed,
    e.expired,
    e.burned,
    e.forgotten,
    ((((e.returned + e.decayed) + e.expired) + e.burned) + e.forgotten) AS lost
   FROM (public.epoch e
     CROSS JOIN public.state s);


--
-- Name: v_flows; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.v_flows AS
 SELECT o.did AS origin,
    s.did AS sender,
    r.did AS receiver,
    f.epoch,
    f.points
   FROM (((public.flow f
     JOIN public.numbered o ON ((o.ledger_id = f.origin)))
     JOIN public.numbered s ON ((s.ledger_id = f.sender)))
     JOIN public.numbered r ON ((r.ledger_id = f.receiver)));


--
-- Name: v_gaps; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.v_gaps AS
 SELECT g.id,
    g.kind,
    a.did,
    g.source,
    g.from_rev,
    g.to_rev,
    g.from_micros,
    g.to_micros,
    g.accounts,
    g.accounts_left,
    g.opened_micros,
    g.closed_micros,
    g.likes_found,
    g.follows_changed,
    g.blocks_changed
   FROM (public.gap g
     LEFT JOIN public.account a ON ((a.id = g.account)));


--
-- Name: v_likes; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.v_likes AS
 SELECT j."position",
    j.epoch,
    j.micros,
        CASE j.record
            WHEN 1 THEN 'like'::text
            WHEN 2 THEN 'repost'::text
            ELSE NULL::text
        END AS record,
    s.did AS liker,
    s.hop AS liker_hop,
    r.did AS author,
    r.hop AS author_hop,
    j.points,
    j.sink_points,
    j.held,
        CASE
            WHEN (j.outcome = 0) THEN 1
            ELSE 0
        END AS accepted,
        CASE j.outcome
            WHEN 0 THEN NULL::text
            WHEN 1 THEN 'unknown account'::text
            WHEN 2 THEN 'too many accounts'::text
            WHEN 3 THEN 'the sink is a party'::text
            WHEN 4 THEN 'to oneself'::text
            WHEN 5 THEN 'no points'::text
            WHEN 6 THEN 'above the limit'::text
            WHEN 7 THEN 'not enough points'::text
            ELSE 'other'::text
        END AS rejected,
    j.rkey,
    j.subject_rkey
   FROM ((public.journal j
     JOIN public.numbered s ON ((s.ledger_id = j.sender)))
     JOIN public.numbered r ON ((r.ledger_id = j.receiver)))
  WHERE (j.kind = 1);


--
-- Name: v_size; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.v_size AS
 SELECT pg_database_size(current_database()) AS bytes;


--
-- Name: v_tracked; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.v_tracked AS
 SELECT a.did,
    a.handle,
    t.label,
    n.ledger_id
   FROM ((public.tracked t
     CROSS JOIN public.account a)
     LEFT JOIN public.ledger_number n ON ((n.account = a.id)))
  WHERE (a.id = t.account);


--
-- Name: v_trust; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.v_trust AS
 SELECT o.did AS viewer,
    h.did,
    h.handle,
    h.hop,
    s.points,
    ((s.points)::double precision / (sum(s.points) OVER (PARTITION BY o.did))::double precision) AS share,
    rank() OVER (PARTITION BY o.did ORDER BY s.points DESC) AS rank
   FROM ((public.numbered o
     JOIN public.assignment s ON (((s.origin = o.ledger_id) AND (s.holder <> 0))))
     JOIN public.numbered h ON ((h.ledger_id = s.holder)));


--
-- Name: v_unclaimed; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.v_unclaimed AS
 SELECT r.did AS receiver,
    r.handle AS receiver_handle,
    u.entry,
    s.did AS sender,
    s.handle AS sender_handle,
    u.points,
    (t.ticks - u.ordinal) AS ticks_waited,
    u.receiver AS receiver_id
   FROM (((public.unclaimed u
     JOIN public.numbered r ON ((r.ledger_id = u.receiver)))
     JOIN public.numbered s ON ((s.ledger_id = u.sender)))
     CROSS JOIN public.state t);


--
-- Data for Name: _sqlx_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public._sqlx_migrations VALUES (20261121000001, 'first schema', '2026-11-24 02:39:55.924248+00', true, '\x206b0546fc99ac744b84f73882cf4bc6bc2dc2d3d02af1191eb55aa8a698f12264ff440ae4e4f79e92bfd4ad4252d119', 16111870);
INSERT INTO public._sqlx_migrations VALUES (20261121000002, 'gaps and identities', '2026-11-24 02:39:55.940832+00', true, '\xe47f66bed9bd2dfded18260c1e49b6be5eba36b7bca22bdfadc5d46c7b5f7967e006e05788ad7bae7258daa5c3d092ca', 4162919);
INSERT INTO public._sqlx_migrations VALUES (20261121000003, 'day one', '2026-11-24 02:39:55.945289+00', true, '\xf6fcb8c3a5ecbd6c12608d09805fbdef0f2bce1bdb2e0e84c9bfd5a52a763dcc8514b4e7caed684da37aa48cf02856e4', 3219272);
INSERT INTO public._sqlx_migrations VALUES (20261121000004, 'history and retention', '2026-11-24 02:39:55.948762+00', true, '\x1d84a827a15196ad6fe4092b2c991f722d99baa423626e7234696d7eecd07e9a8f6f6ff97c94f119e68a817fa4009da3', 4640842);
INSERT INTO public._sqlx_migrations VALUES (20261121000005, 'views', '2026-11-24 02:39:55.95362+00', true, '\x0c30ba68df8b2b41965a47946335480ea00fa900408a8290eed0b9fe042bf694ca706e53f6345a661fb7b774daa65132', 6995243);
INSERT INTO public._sqlx_migrations VALUES (20261121000006, 'handle lookups', '2026-11-24 02:39:55.960895+00', true, '\xffe92c590cdb69f3748e923ac56f04cf84a336c6c312618452b41231ee47bd37bfe91e8e90001d7ae48ddc5472fe4a05', 949557);
INSERT INTO public._sqlx_migrations VALUES (20261121000007, 'repos', '2026-11-24 02:39:55.962108+00', true, '\x0c5a224b5a807f3cd6a63c5a3444791c3bdd87aef75d8ad9fe3241bf7fb771f76132036cca4add07d28c8eb66a548cd4', 1757972);
INSERT INTO public._sqlx_migrations VALUES (20261121000009, 'requests', '2026-11-24 02:39:55.96404+00', true, '\xb727659072e4fd5140066528b32029e2f3497462cfed7c4253c94b5ff5896b260dbab70bb9112378bb6c5ab71ed51064', 2616582);
INSERT INTO public._sqlx_migrations VALUES (20261122000010, 'told again', '2026-11-24 02:39:55.966901+00', true, '\xdcdc0c7435f69c24388fc2d0bf294dfcb15abf44b917542609d2b60a0042519769a969e3dc936a23563c45b423814eaa', 1792524);
INSERT INTO public._sqlx_migrations VALUES (20261122000011, 'likes read', '2026-11-24 02:39:55.968872+00', true, '\x5e0a36cca734f0acf08a74093e6d3d592b5296275a101420cb50bec11a8a3810d8c62baf7583905ecae138e26b3d0ef6', 496430);
INSERT INTO public._sqlx_migrations VALUES (20261123000012, 'read and told', '2026-11-24 02:39:55.969534+00', true, '\x1b35f9bc47e528d51f6b4626ddce0fada36b0debd8b274b028b8cad16242fefcac580b5cb647f901c70bffc908fe8b03', 1266359);
INSERT INTO public._sqlx_migrations VALUES (20261123000013, 'tracked by nobody', '2026-11-24 02:39:55.970995+00', true, '\xfa881208e5afd13921bceef58ec06302e4ab4944e92e139e041e3dfd6e846553433570720720acb51e3abe72453d2ee9', 1009256);
INSERT INTO public._sqlx_migrations VALUES (20261123000014, 'skipped', '2026-11-24 02:39:55.972172+00', true, '\x7e5f96cff2ee3100014a8cf26ef31cef788c4dd16782248b0b84cf27cf4679b7958c541f9837299ae92719a9525636a1', 919972);
INSERT INTO public._sqlx_migrations VALUES (20261123000015, 'tracked points', '2026-11-24 02:39:55.973312+00', true, '\x122a769ee998b2be925572257494c8a9e1fdf8c759a36a4c7b45352d305b36649944617a4a4f8534bb5b3de7b8769359', 1125048);
INSERT INTO public._sqlx_migrations VALUES (20261123000016, 'named', '2026-11-24 02:39:55.974618+00', true, '\x8e9b13ff669d9a6bc09e620898f15f729996cf135c5d495e3ebf9deeb412ab086195b039f16d67f8b0f0cc7f3809ce84', 1578103);
INSERT INTO public._sqlx_migrations VALUES (20261123000017, 'writer', '2026-11-24 02:39:55.976413+00', true, '\xb00804707f1cf934f9ecf5ab402abdd7820a5ec36c5626acb35f27c876870fafd00f8033d11127fa3e2c574fcc7bb2e0', 522479);
INSERT INTO public._sqlx_migrations VALUES (20261123000018, 'order of keys', '2026-11-24 02:39:55.977108+00', true, '\xfc37a744288558b5db4f144f427b7f7438c54daeff9ac07881ff3f35b00d1c6c5065b88c58423f0e6c038214bb1f3d1f', 1247490);
INSERT INTO public._sqlx_migrations VALUES (20261123000019, 'fewer indexes', '2026-11-24 02:39:55.978557+00', true, '\xb4c4c670d85b3bcea907db38795e0f12c16088d54035e88c23095e9a6cf544bbfbecc0457edeeb2b5c8437cc066bd97b', 667756);
INSERT INTO public._sqlx_migrations VALUES (20261124000020, 'numbers', '2026-11-24 02:39:55.979413+00', true, '\x15e87a782095e1ff2064d0ccafd68ac6d07e5fb0b486cfa9185e55783a12669066535abdb161c38aef6c8d1341b35086', 5136997);


--
-- Data for Name: account; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.account VALUES (0, 'did:plc:xgcmvr2q5axie2fmg33jtqgp', 'user010.pds1.test', 0, 1795227445851000, 'active', 0);
INSERT INTO public.account VALUES (1, 'did:plc:smefixvlbxnwcducmvot6noa', 'user025.pds1.test', 0, 1795227445851000, 'active', 0);
INSERT INTO public.account VALUES (2, 'did:plc:7d6uityyfpfxqrmd2y2olxsu', 'user000.pds1.test', 2, 1795227452222000, 'active', 0);
INSERT INTO public.account VALUES (3, 'did:plc:sxmei4ym4fsfdyeu4nxhimby', 'user001.pds1.test', 1, 1795227453449000, 'active', 0);
INSERT INTO public.account VALUES (4, 'did:plc:akrz3v5hzyai4k5azliufjnj', 'user002.pds1.test', 2, 1795227453449000, 'active', 0);
INSERT INTO public.account VALUES (5, 'did:plc:yms7vpb2tzw37ku4dib72cyx', 'user004.pds1.test', 2, 1795227452222000, 'active', 0);
INSERT INTO public.account VALUES (6, 'did:plc:b52gpd7ot22ttwzhtnrxaxr7', 'user005.pds1.test', NULL, NULL, 'active', 0);
INSERT INTO public.account VALUES (7, 'did:plc:cvnpepsd6kmenwutfxcwtvea', 'user006.pds1.test', 1, 1795227452222000, 'active', 0);
INSERT INTO public.account VALUES (8, 'did:plc:spe4eu2gbtws2zvhl5n34rbp', 'user008.pds1.test', 1, 1795227453404000, 'active', 0);
INSERT INTO public.account VALUES (9, 'did:plc:ywev2x2quxyew5diwpss57kh', 'user009.pds1.test', 2, 1795227452222000, 'active', 0);
INSERT INTO public.account VALUES (10, 'did:plc:atk3bhka3eufnhc77qznqhbs', 'user012.pds1.test', 2, 1795227460688000, 'active', 0);
INSERT INTO public.account VALUES (11, 'did:plc:bmu773p54bcmqwswzenbgql2', 'user013.pds1.test', 1, 1795227452222000, 'active', 0);
INSERT INTO public.account VALUES (12, 'did:plc:kwa2lj5f63a3srff56dvwh3g', 'user014.pds1.test', 1, 1795227452629000, 'active', 0);
INSERT INTO public.account VALUES (13, 'did:plc:pgy5qvkiz3k36y6scvlyo44q', 'user016.pds1.test', 2, 1795227453449000, 'active', 0);
INSERT INTO public.account VALUES (14, 'did:plc:splxvgvxdh4twuguyqbxsauw', 'user017.pds1.test', 2, 1795227452222000, 'active', 0);
INSERT INTO public.account VALUES (15, 'did:plc:6wj2mdutbl7f3ber4c3epoys', 'user018.pds1.test', 1, 1795227452222000, 'active', 0);
INSERT INTO public.account VALUES (16, 'did:plc:bfgyhbcueiu4s622tgovisuc', 'user020.pds1.test', 2, 1795227453404000, 'active', 0);
INSERT INTO public.account VALUES (17, 'did:plc:q5cuwjt654b3wnpuvsqjdkvt', 'user021.pds1.test', NULL, NULL, 'active', 0);
INSERT INTO public.account VALUES (18, 'did:plc:gxyjli6fnce5fn5pnkwumm4y', 'user022.pds1.test', NULL, NULL, 'active', 0);
INSERT INTO public.account VALUES (19, 'did:plc:4zb4vu5coi2tv462we2ywewp', 'user024.pds1.test', NULL, NULL, 'active', 0);
INSERT INTO public.account VALUES (20, 'did:plc:xf6o2khl47iklmxwf77a25pr', 'user026.pds1.test', NULL, NULL, 'active', 0);
INSERT INTO public.account VALUES (21, 'did:plc:3ufmgmi74gm7lj4bo52nkk2n', 'user028.pds1.test', NULL, NULL, 'active', 0);
INSERT INTO public.account VALUES (22, 'did:plc:zrwmu7n6txnpomrrg4rjzigt', 'user029.pds1.test', 2, 1795227465309000, 'active', 0);
INSERT INTO public.account VALUES (23, 'did:plc:nmjnezh4sfk7dvtifqiymoye', 'user030.pds1.test', 1, 1795227462132000, 'active', 0);
INSERT INTO public.account VALUES (24, 'did:plc:da76td55mxycay3pl63do5tp', 'user032.pds1.test', NULL, NULL, 'active', 0);
INSERT INTO public.account VALUES (25, 'did:plc:4onggx7fot4rlcdjaq3lsitr', 'user033.pds1.test', 2, 1795227453404000, 'active', 0);
INSERT INTO public.account VALUES (26, 'did:plc:azxqah7dw4drmttwht6is7ns', 'user034.pds1.test', 2, 1795227452222000, 'active', 0);
INSERT INTO public.account VALUES (27, 'did:plc:mfclygkjscdc75fhsx7hcrhc', 'user036.pds1.test', NULL, NULL, 'active', 0);
INSERT INTO public.account VALUES (28, 'did:plc:bdnr6r6dm2nv67ow46s2yoxs', 'user037.pds1.test', 2, 1795227452222000, 'active', 0);
INSERT INTO public.account VALUES (29, 'did:plc:onuxnuohqefr43ws3hku3dv3', 'user038.pds1.test', NULL, NULL, 'active', 0);
INSERT INTO public.account VALUES (30, 'did:plc:4m4z4m33rbimmmudaasapf6b', NULL, 2, 1795227452222000, 'active', 0);
INSERT INTO public.account VALUES (31, 'did:plc:jvogbkzqjw5jhegtg6a6tmdy', NULL, 1, 1795227453449000, 'active', 0);
INSERT INTO public.account VALUES (32, 'did:plc:katghyinmunhdxv2uejojkqu', NULL, NULL, NULL, 'active', 0);
INSERT INTO public.account VALUES (33, 'did:plc:jxaeq2uzglxs44py7ai5rfbc', NULL, 1, 1795227452222000, 'active', 0);
INSERT INTO public.account VALUES (34, 'did:plc:3lgfhqpjp4nvqhhj3azaed5b', NULL, NULL, NULL, 'active', 0);
INSERT INTO public.account VALUES (35, 'did:plc:2v4sqywbew5okh7czppp7gob', NULL, NULL, NULL, 'active', 0);
INSERT INTO public.account VALUES (36, 'did:plc:gxh63dlgl3gjb4tcki6obdfz', NULL, NULL, NULL, 'active', 0);
INSERT INTO public.account VALUES (37, 'did:plc:rrcs3svhxqcqtgxakgjoh7lh', NULL, 1, 1795227459891000, 'active', 0);
INSERT INTO public.account VALUES (38, 'did:plc:vf5j22ghmqna5q3kmir6suoc', NULL, NULL, NULL, 'active', 0);
INSERT INTO public.account VALUES (39, 'did:plc:5zjnofdzojjxb7qum4a3zyf7', NULL, NULL, NULL, 'active', 0);


--
-- Data for Name: assignment; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.assignment VALUES (2, 1, 80, NULL);
INSERT INTO public.assignment VALUES (2, 12, 1, NULL);
INSERT INTO public.assignment VALUES (2, 13, 8, NULL);
INSERT INTO public.assignment VALUES (2, 16, 80, NULL);
INSERT INTO public.assignment VALUES (3, 13, 7, NULL);
INSERT INTO public.assignment VALUES (3, 15, 73, NULL);
INSERT INTO public.assignment VALUES (4, 3, 67, NULL);
INSERT INTO public.assignment VALUES (4, 6, 74, NULL);
INSERT INTO public.assignment VALUES (4, 8, 74, NULL);
INSERT INTO public.assignment VALUES (5, 3, 7, NULL);
INSERT INTO public.assignment VALUES (5, 4, 61, NULL);
INSERT INTO public.assignment VALUES (5, 19, 73, NULL);
INSERT INTO public.assignment VALUES (5, 22, 89, NULL);
INSERT INTO public.assignment VALUES (6, 1, 90, NULL);
INSERT INTO public.assignment VALUES (6, 12, 82, NULL);
INSERT INTO public.assignment VALUES (7, 1, 68, NULL);
INSERT INTO public.assignment VALUES (7, 21, 163, NULL);
INSERT INTO public.assignment VALUES (9, 1, 80, NULL);
INSERT INTO public.assignment VALUES (11, 10, 73, NULL);
INSERT INTO public.assignment VALUES (13, 8, 90, NULL);
INSERT INTO public.assignment VALUES (13, 10, 6, NULL);
INSERT INTO public.assignment VALUES (13, 11, 68, NULL);
INSERT INTO public.assignment VALUES (13, 12, 61, NULL);
INSERT INTO public.assignment VALUES (14, 1, 7, NULL);
INSERT INTO public.assignment VALUES (14, 7, 82, NULL);
INSERT INTO public.assignment VALUES (14, 18, 89, NULL);
INSERT INTO public.assignment VALUES (15, 1, 99, NULL);
INSERT INTO public.assignment VALUES (15, 3, 6, NULL);
INSERT INTO public.assignment VALUES (15, 4, 81, NULL);
INSERT INTO public.assignment VALUES (15, 6, 6, NULL);
INSERT INTO public.assignment VALUES (15, 8, 6, NULL);
INSERT INTO public.assignment VALUES (15, 10, 99, NULL);
INSERT INTO public.assignment VALUES (15, 12, 7, NULL);
INSERT INTO public.assignment VALUES (15, 13, 74, NULL);
INSERT INTO public.assignment VALUES (16, 12, 7, NULL);
INSERT INTO public.assignment VALUES (16, 13, 73, NULL);
INSERT INTO public.assignment VALUES (17, 1, 8, NULL);
INSERT INTO public.assignment VALUES (17, 4, 5, NULL);
INSERT INTO public.assignment VALUES (17, 5, 62, NULL);
INSERT INTO public.assignment VALUES (17, 16, 75, NULL);
INSERT INTO public.assignment VALUES (17, 19, 7, NULL);
INSERT INTO public.assignment VALUES (17, 21, 91, NULL);
INSERT INTO public.assignment VALUES (18, 1, 5, NULL);
INSERT INTO public.assignment VALUES (18, 7, 79, NULL);
INSERT INTO public.assignment VALUES (18, 21, 15, NULL);
INSERT INTO public.assignment VALUES (19, 18, 90, NULL);
INSERT INTO public.assignment VALUES (20, 3, 1, NULL);
INSERT INTO public.assignment VALUES (20, 4, 6, NULL);
INSERT INTO public.assignment VALUES (20, 5, 74, NULL);
INSERT INTO public.assignment VALUES (20, 19, 8, NULL);
INSERT INTO public.assignment VALUES (21, 1, 74, NULL);
INSERT INTO public.assignment VALUES (21, 3, 81, NULL);
INSERT INTO public.assignment VALUES (21, 12, 1, NULL);
INSERT INTO public.assignment VALUES (21, 15, 8, NULL);
INSERT INTO public.assignment VALUES (23, 5, 6, NULL);
INSERT INTO public.assignment VALUES (23, 16, 6, NULL);
INSERT INTO public.assignment VALUES (23, 17, 68, NULL);
INSERT INTO public.assignment VALUES (23, 19, 1, NULL);
INSERT INTO public.assignment VALUES (24, 1, 7, NULL);
INSERT INTO public.assignment VALUES (24, 3, 9, NULL);
INSERT INTO public.assignment VALUES (24, 4, 1, NULL);
INSERT INTO public.assignment VALUES (24, 5, 6, NULL);
INSERT INTO public.assignment VALUES (24, 8, 9, NULL);
INSERT INTO public.assignment VALUES (24, 11, 6, NULL);
INSERT INTO public.assignment VALUES (24, 12, 6, NULL);
INSERT INTO public.assignment VALUES (24, 13, 78, NULL);
INSERT INTO public.assignment VALUES (24, 16, 7, NULL);
INSERT INTO public.assignment VALUES (24, 17, 85, NULL);
INSERT INTO public.assignment VALUES (24, 18, 9, NULL);
INSERT INTO public.assignment VALUES (24, 19, 90, NULL);
INSERT INTO public.assignment VALUES (24, 21, 83, NULL);
INSERT INTO public.assignment VALUES (25, 16, 1, NULL);
INSERT INTO public.assignment VALUES (25, 17, 7, NULL);
INSERT INTO public.assignment VALUES (25, 23, 91, NULL);
INSERT INTO public.assignment VALUES (26, 1, 9, NULL);
INSERT INTO public.assignment VALUES (26, 6, 83, NULL);
INSERT INTO public.assignment VALUES (26, 10, 1, NULL);
INSERT INTO public.assignment VALUES (26, 11, 7, NULL);
INSERT INTO public.assignment VALUES (26, 12, 13, NULL);
INSERT INTO public.assignment VALUES (26, 13, 85, NULL);


--
-- Data for Name: backfill; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: block; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.block VALUES (16, '3n2rzvl3g6d2r', 35);
INSERT INTO public.block VALUES (26, '3n2rzvplv7t2r', 0);


--
-- Data for Name: bootstrap; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: bootstrap_account; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: bootstrap_like; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: circle_change; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.circle_change VALUES (1, 0, 0, NULL, 0, 'track', NULL, NULL);
INSERT INTO public.circle_change VALUES (2, 0, 1, NULL, 0, 'track', NULL, NULL);
INSERT INTO public.circle_change VALUES (3, 1795227452222000, 15, NULL, 1, 'follow', 0, '3n2rzvdbd6f2r');
INSERT INTO public.circle_change VALUES (4, 1795227452222000, 2, NULL, 2, 'follow', 0, '3n2rzvdbd6g2r');
INSERT INTO public.circle_change VALUES (5, 1795227452222000, 5, NULL, 2, 'follow', 0, '3n2rzvdbd6g2r');
INSERT INTO public.circle_change VALUES (6, 1795227452222000, 7, NULL, 1, 'follow', 0, '3n2rzvdbd6g2r');
INSERT INTO public.circle_change VALUES (7, 1795227452222000, 9, NULL, 2, 'follow', 0, '3n2rzvdbd6g2r');
INSERT INTO public.circle_change VALUES (8, 1795227452222000, 11, NULL, 2, 'follow', 0, '3n2rzvdbd6g2r');
INSERT INTO public.circle_change VALUES (9, 1795227452222000, 14, NULL, 2, 'follow', 0, '3n2rzvdbd6g2r');
INSERT INTO public.circle_change VALUES (10, 1795227452222000, 26, NULL, 2, 'follow', 0, '3n2rzvdbd6g2r');
INSERT INTO public.circle_change VALUES (11, 1795227452222000, 28, NULL, 2, 'follow', 0, '3n2rzvdbd6g2r');
INSERT INTO public.circle_change VALUES (12, 1795227452222000, 30, NULL, 2, 'follow', 0, '3n2rzvdbd6g2r');
INSERT INTO public.circle_change VALUES (13, 1795227452222000, 33, NULL, 1, 'follow', 0, '3n2rzvdbe5o2r');
INSERT INTO public.circle_change VALUES (14, 1795227452629000, 12, NULL, 2, 'follow', 15, '3n2rzvdolyl2r');
INSERT INTO public.circle_change VALUES (15, 1795227453404000, 8, NULL, 2, 'follow', 1, '3n2rzveg2yi2r');
INSERT INTO public.circle_change VALUES (16, 1795227453404000, 12, 2, 1, 'follow', 1, '3n2rzveg2yi2r');
INSERT INTO public.circle_change VALUES (17, 1795227453404000, 16, NULL, 2, 'follow', 1, '3n2rzveg2yi2r');
INSERT INTO public.circle_change VALUES (18, 1795227453404000, 25, NULL, 2, 'follow', 1, '3n2rzveg2yi2r');
INSERT INTO public.circle_change VALUES (19, 1795227453449000, 3, NULL, 1, 'follow', 1, '3n2rzveij4i2r');
INSERT INTO public.circle_change VALUES (20, 1795227453449000, 4, NULL, 2, 'follow', 1, '3n2rzveij4i2r');
INSERT INTO public.circle_change VALUES (21, 1795227453449000, 13, NULL, 2, 'follow', 1, '3n2rzveij4i2r');
INSERT INTO public.circle_change VALUES (22, 1795227453449000, 31, NULL, 2, 'follow', 1, '3n2rzveij4i2r');
INSERT INTO public.circle_change VALUES (23, 1795227453566000, 31, 2, 1, 'follow', 1, '3n2rzvelbyj2r');
INSERT INTO public.circle_change VALUES (24, 1795227453815000, 8, 2, 1, 'follow', 1, '3n2rzvepiqz2r');
INSERT INTO public.circle_change VALUES (25, 1795227453815000, 32, NULL, 2, 'follow', 1, '3n2rzvepiqz2r');
INSERT INTO public.circle_change VALUES (26, 1795227453917000, 4, 2, 1, 'follow', 1, '3n2rzveub452r');
INSERT INTO public.circle_change VALUES (27, 1795227454025000, 11, 2, 1, 'follow', 1, '3n2rzveximv2r');
INSERT INTO public.circle_change VALUES (28, 1795227454025000, 34, NULL, 2, 'follow', 1, '3n2rzveximv2r');
INSERT INTO public.circle_change VALUES (29, 1795227458216000, 20, NULL, 2, 'follow', 4, '3n2rzvizxh32r');
INSERT INTO public.circle_change VALUES (30, 1795227459891000, 37, NULL, 1, 'follow', 0, '3n2rzvkn73t2r');
INSERT INTO public.circle_change VALUES (31, 1795227460688000, 10, NULL, 2, 'follow', 8, '3n2rzvlfmdt2r');
INSERT INTO public.circle_change VALUES (32, 1795227460758000, 34, 2, NULL, 'unfollow', 11, '3n2rzvdpxwt2r');
INSERT INTO public.circle_change VALUES (33, 1795227462132000, 23, NULL, 1, 'follow', 0, '3n2rzvmrfpl2r');
INSERT INTO public.circle_change VALUES (34, 1795227464138000, 32, 2, NULL, 'unfollow', 8, '3n2rzvd63nr2r');
INSERT INTO public.circle_change VALUES (35, 1795227465073000, 4, 1, 2, 'unfollow', 1, '3n2rzveub452r');
INSERT INTO public.circle_change VALUES (36, 1795227465073000, 20, 2, NULL, 'unfollow', 1, '3n2rzveub452r');
INSERT INTO public.circle_change VALUES (37, 1795227465309000, 22, NULL, 2, 'follow', 3, '3n2rzvpsn232r');


--
-- Data for Name: counter; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.counter VALUES ('frames.account', 30);
INSERT INTO public.counter VALUES ('frames.commit', 393);
INSERT INTO public.counter VALUES ('frames.identity', 30);
INSERT INTO public.counter VALUES ('frames.passed', 117);
INSERT INTO public.counter VALUES ('frames.stale', 2);
INSERT INTO public.counter VALUES ('frames.sync', 30);
INSERT INTO public.counter VALUES ('likes.accepted', 42);
INSERT INTO public.counter VALUES ('likes.outside', 70);
INSERT INTO public.counter VALUES ('likes.self', 1);
INSERT INTO public.counter VALUES ('checkpoint.images', 27);


--
-- Data for Name: dropped_like; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: epoch; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.epoch VALUES (2, 359045491, 11000, 792, 8, 0, 0, 0, 0, 0);
INSERT INTO public.epoch VALUES (3, 359045492, 12791, 1782, 18, 0, 78, 0, 0, 0);
INSERT INTO public.epoch VALUES (4, 359045493, 4699, 1584, 16, 0, 240, 0, 0, 0);


--
-- Data for Name: flow; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.flow VALUES (17, 23, 17, 359045492, 83);
INSERT INTO public.flow VALUES (17, 24, 17, 359045493, 85);
INSERT INTO public.flow VALUES (17, 25, 23, 359045493, 7);
INSERT INTO public.flow VALUES (21, 7, 21, 359045492, 198);
INSERT INTO public.flow VALUES (21, 17, 21, 359045493, 91);
INSERT INTO public.flow VALUES (21, 18, 7, 359045493, 15);
INSERT INTO public.flow VALUES (21, 24, 21, 359045493, 83);


--
-- Data for Name: follow; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.follow VALUES (0, '3n2rzvdbd6f2r', 15);
INSERT INTO public.follow VALUES (0, '3n2rzvdbd6g2r', 7);
INSERT INTO public.follow VALUES (0, '3n2rzvdbe5o2r', 33);
INSERT INTO public.follow VALUES (0, '3n2rzvkn73t2r', 37);
INSERT INTO public.follow VALUES (0, '3n2rzvmrfpl2r', 23);
INSERT INTO public.follow VALUES (1, '3n2rzveg2yi2r', 12);
INSERT INTO public.follow VALUES (1, '3n2rzveij4i2r', 3);
INSERT INTO public.follow VALUES (1, '3n2rzvelbyj2r', 31);
INSERT INTO public.follow VALUES (1, '3n2rzvepiqz2r', 8);
INSERT INTO public.follow VALUES (1, '3n2rzveximv2r', 11);
INSERT INTO public.follow VALUES (2, '3n2rzvcxmmc2r', 4);
INSERT INTO public.follow VALUES (2, '3n2rzvcxmmd2r', 12);
INSERT INTO public.follow VALUES (2, '3n2rzvm4gst2r', 9);
INSERT INTO public.follow VALUES (3, '3n2rzvcxpk32r', 5);
INSERT INTO public.follow VALUES (3, '3n2rzvczk5b2r', 13);
INSERT INTO public.follow VALUES (3, '3n2rzvd3vdp2r', 31);
INSERT INTO public.follow VALUES (3, '3n2rzvd5ypx2r', 4);
INSERT INTO public.follow VALUES (3, '3n2rzvd6yxf2r', 7);
INSERT INTO public.follow VALUES (3, '3n2rzvpsn232r', 22);
INSERT INTO public.follow VALUES (3, '3n2rzvqb7tl2r', 23);
INSERT INTO public.follow VALUES (4, '3n2rzvcxqje2r', 7);
INSERT INTO public.follow VALUES (4, '3n2rzvcxqjf2r', 2);
INSERT INTO public.follow VALUES (4, '3n2rzvizxh32r', 20);
INSERT INTO public.follow VALUES (4, '3n2rzvqqxql2r', 33);
INSERT INTO public.follow VALUES (4, '3n2rzvqy2cl2r', 16);
INSERT INTO public.follow VALUES (5, '3n2rzvcyb4n2r', 20);
INSERT INTO public.follow VALUES (5, '3n2rzvcyb4o2r', 9);
INSERT INTO public.follow VALUES (5, '3n2rzvcyb4p2r', 3);
INSERT INTO public.follow VALUES (5, '3n2rzvcyb4q2r', 4);
INSERT INTO public.follow VALUES (5, '3n2rzvcyb4r2r', 8);
INSERT INTO public.follow VALUES (6, '3n2rzvczl4j2r', 1);
INSERT INTO public.follow VALUES (6, '3n2rzvd3oix2r', 15);
INSERT INTO public.follow VALUES (6, '3n2rzvq6wlt2r', 9);
INSERT INTO public.follow VALUES (7, '3n2rzvd3mkb2r', 5);
INSERT INTO public.follow VALUES (7, '3n2rzvd3njj2r', 11);
INSERT INTO public.follow VALUES (7, '3n2rzvd3njk2r', 26);
INSERT INTO public.follow VALUES (7, '3n2rzvd3njl2r', 30);
INSERT INTO public.follow VALUES (7, '3n2rzvd3njm2r', 28);
INSERT INTO public.follow VALUES (7, '3n2rzvd3njo2r', 2);
INSERT INTO public.follow VALUES (7, '3n2rzvd3njp2r', 9);
INSERT INTO public.follow VALUES (8, '3n2rzvd63np2r', 2);
INSERT INTO public.follow VALUES (8, '3n2rzvd63nq2r', 14);
INSERT INTO public.follow VALUES (8, '3n2rzvd63ns2r', 1);
INSERT INTO public.follow VALUES (8, '3n2rzvd63nt2r', 16);
INSERT INTO public.follow VALUES (8, '3n2rzvd63nu2r', 5);
INSERT INTO public.follow VALUES (8, '3n2rzvd63nv2r', 33);
INSERT INTO public.follow VALUES (8, '3n2rzvlfmdt2r', 10);
INSERT INTO public.follow VALUES (9, '3n2rzvdapnf2r', 7);
INSERT INTO public.follow VALUES (9, '3n2rzvdcyv62r', 1);
INSERT INTO public.follow VALUES (9, '3n2rzvdfc4w2r', 20);
INSERT INTO public.follow VALUES (9, '3n2rzvdh6og2r', 14);
INSERT INTO public.follow VALUES (9, '3n2rzvdkvt72r', 15);
INSERT INTO public.follow VALUES (9, '3n2rzvpifvd2r', 29);
INSERT INTO public.follow VALUES (10, '3n2rzvdicso2r', 2);
INSERT INTO public.follow VALUES (10, '3n2rzvdicsp2r', 8);
INSERT INTO public.follow VALUES (10, '3n2rzvdicsq2r', 0);
INSERT INTO public.follow VALUES (10, '3n2rzvdicsr2r', 32);
INSERT INTO public.follow VALUES (10, '3n2rzvdicss2r', 18);
INSERT INTO public.follow VALUES (10, '3n2rzvdicsw2r', 4);
INSERT INTO public.follow VALUES (10, '3n2rzvdicsx2r', 1);
INSERT INTO public.follow VALUES (10, '3n2rzvkk3id2r', 14);
INSERT INTO public.follow VALUES (10, '3n2rzvlafe32r', 39);
INSERT INTO public.follow VALUES (11, '3n2rzvdmmjc2r', 31);
INSERT INTO public.follow VALUES (11, '3n2rzvdok222r', 9);
INSERT INTO public.follow VALUES (11, '3n2rzvpmett2r', 0);
INSERT INTO public.follow VALUES (12, '3n2rzvdmhmy2r', 25);
INSERT INTO public.follow VALUES (12, '3n2rzvdmima2r', 8);
INSERT INTO public.follow VALUES (12, '3n2rzvdmimb2r', 1);
INSERT INTO public.follow VALUES (12, '3n2rzvhvw4t2r', 33);
INSERT INTO public.follow VALUES (12, '3n2rzvlrzsl2r', 10);
INSERT INTO public.follow VALUES (12, '3n2rzvqhnvd2r', 37);
INSERT INTO public.follow VALUES (13, '3n2rzvdmkkr2r', 20);
INSERT INTO public.follow VALUES (13, '3n2rzvdmkks2r', 1);
INSERT INTO public.follow VALUES (13, '3n2rzvoznad2r', 18);
INSERT INTO public.follow VALUES (13, '3n2rzvqnx2t2r', 35);
INSERT INTO public.follow VALUES (14, '3n2rzvdoi3k2r', 8);
INSERT INTO public.follow VALUES (14, '3n2rzvdplal2r', 7);
INSERT INTO public.follow VALUES (14, '3n2rzvdsd532r', 32);
INSERT INTO public.follow VALUES (14, '3n2rzvduy432r', 15);
INSERT INTO public.follow VALUES (14, '3n2rzvdyckd2r', 13);
INSERT INTO public.follow VALUES (14, '3n2rzve3dac2r', 5);
INSERT INTO public.follow VALUES (14, '3n2rzve6ygc2r', 0);
INSERT INTO public.follow VALUES (14, '3n2rzveas222r', 30);
INSERT INTO public.follow VALUES (14, '3n2rzvedgys2r', 6);
INSERT INTO public.follow VALUES (14, '3n2rzvr3hol2r', 9);
INSERT INTO public.follow VALUES (15, '3n2rzvdolyl2r', 12);
INSERT INTO public.follow VALUES (16, '3n2rzvdsh232r', 2);
INSERT INTO public.follow VALUES (16, '3n2rzvdsh242r', 10);
INSERT INTO public.follow VALUES (16, '3n2rzvdsh252r', 34);
INSERT INTO public.follow VALUES (16, '3n2rzvdsh262r', 4);
INSERT INTO public.follow VALUES (16, '3n2rzvdsh272r', 8);
INSERT INTO public.follow VALUES (16, '3n2rzvdsh2a2r', 33);
INSERT INTO public.follow VALUES (16, '3n2rzvdsh2b2r', 9);
INSERT INTO public.follow VALUES (16, '3n2rzvdsh2c2r', 35);
INSERT INTO public.follow VALUES (16, '3n2rzvdsh2d2r', 1);
INSERT INTO public.follow VALUES (16, '3n2rzvi6dnt2r', 36);
INSERT INTO public.follow VALUES (17, '3n2rzvdvipd2r', 3);
INSERT INTO public.follow VALUES (17, '3n2rzvdzfpd2r', 5);
INSERT INTO public.follow VALUES (17, '3n2rzvear2s2r', 8);
INSERT INTO public.follow VALUES (17, '3n2rzvedc4k2r', 6);
INSERT INTO public.follow VALUES (17, '3n2rzvpa4bd2r', 31);
INSERT INTO public.follow VALUES (18, '3n2rzve2uld2r', 2);
INSERT INTO public.follow VALUES (18, '3n2rzve2ule2r', 26);
INSERT INTO public.follow VALUES (18, '3n2rzve2ulf2r', 32);
INSERT INTO public.follow VALUES (18, '3n2rzve2ulg2r', 5);
INSERT INTO public.follow VALUES (18, '3n2rzve2ulh2r', 3);
INSERT INTO public.follow VALUES (18, '3n2rzve2ulj2r', 4);
INSERT INTO public.follow VALUES (18, '3n2rzve2ulk2r', 8);
INSERT INTO public.follow VALUES (18, '3n2rzvpjvql2r', 13);
INSERT INTO public.follow VALUES (18, '3n2rzvqa2q32r', 23);
INSERT INTO public.follow VALUES (18, '3n2rzvrload2r', 36);
INSERT INTO public.follow VALUES (19, '3n2rzvefr7s2r', 8);
INSERT INTO public.follow VALUES (19, '3n2rzvefr7t2r', 0);
INSERT INTO public.follow VALUES (19, '3n2rzvefr7u2r', 33);
INSERT INTO public.follow VALUES (19, '3n2rzvefr7v2r', 32);
INSERT INTO public.follow VALUES (19, '3n2rzvefr7w2r', 7);
INSERT INTO public.follow VALUES (19, '3n2rzvefr7x2r', 31);
INSERT INTO public.follow VALUES (19, '3n2rzvefr7y2r', 5);
INSERT INTO public.follow VALUES (19, '3n2rzvqbmjt2r', 24);
INSERT INTO public.follow VALUES (20, '3n2rzveik3q2r', 5);
INSERT INTO public.follow VALUES (20, '3n2rzveik3s2r', 16);
INSERT INTO public.follow VALUES (20, '3n2rzveik3t2r', 33);
INSERT INTO public.follow VALUES (20, '3n2rzvjmxtt2r', 26);
INSERT INTO public.follow VALUES (20, '3n2rzvjxwgl2r', 14);
INSERT INTO public.follow VALUES (21, '3n2rzvekohd2r', 7);
INSERT INTO public.follow VALUES (21, '3n2rzvekpgl2r', 32);
INSERT INTO public.follow VALUES (21, '3n2rzvekpgm2r', 31);
INSERT INTO public.follow VALUES (21, '3n2rzvekpgn2r', 3);
INSERT INTO public.follow VALUES (21, '3n2rzvekpgo2r', 33);
INSERT INTO public.follow VALUES (21, '3n2rzvekpgp2r', 9);
INSERT INTO public.follow VALUES (21, '3n2rzvekpgq2r', 18);
INSERT INTO public.follow VALUES (21, '3n2rzvekpgr2r', 14);
INSERT INTO public.follow VALUES (21, '3n2rzvmszht2r', 1);
INSERT INTO public.follow VALUES (21, '3n2rzvp7fsl2r', 37);
INSERT INTO public.follow VALUES (22, '3n2rzvellqz2r', 31);
INSERT INTO public.follow VALUES (22, '3n2rzvewr6n2r', 18);
INSERT INTO public.follow VALUES (22, '3n2rzveyzhf2r', 23);
INSERT INTO public.follow VALUES (22, '3n2rzvf5jyj2r', 3);
INSERT INTO public.follow VALUES (22, '3n2rzvfc4hz2r', 8);
INSERT INTO public.follow VALUES (22, '3n2rzvqv4kl2r', 6);
INSERT INTO public.follow VALUES (23, '3n2rzvetfqz2r', 14);
INSERT INTO public.follow VALUES (23, '3n2rzvetfr22r', 3);
INSERT INTO public.follow VALUES (23, '3n2rzvetfr32r', 9);
INSERT INTO public.follow VALUES (23, '3n2rzvetfr42r', 8);
INSERT INTO public.follow VALUES (23, '3n2rzvetgqe2r', 33);
INSERT INTO public.follow VALUES (23, '3n2rzvetgqf2r', 2);
INSERT INTO public.follow VALUES (24, '3n2rzveww2v2r', 16);
INSERT INTO public.follow VALUES (24, '3n2rzveww2w2r', 1);
INSERT INTO public.follow VALUES (24, '3n2rzveww2x2r', 2);
INSERT INTO public.follow VALUES (24, '3n2rzveww2y2r', 33);
INSERT INTO public.follow VALUES (24, '3n2rzveww2z2r', 4);
INSERT INTO public.follow VALUES (24, '3n2rzveww322r', 7);
INSERT INTO public.follow VALUES (24, '3n2rzveww332r', 0);
INSERT INTO public.follow VALUES (24, '3n2rzveww342r', 11);
INSERT INTO public.follow VALUES (24, '3n2rzveww352r', 15);
INSERT INTO public.follow VALUES (24, '3n2rzvkunet2r', 38);
INSERT INTO public.follow VALUES (25, '3n2rzvf4zf52r', 28);
INSERT INTO public.follow VALUES (25, '3n2rzvfbykz2r', 32);
INSERT INTO public.follow VALUES (25, '3n2rzvfeybj2r', 20);
INSERT INTO public.follow VALUES (25, '3n2rzvfgtty2r', 9);
INSERT INTO public.follow VALUES (25, '3n2rzvfki2q2r', 0);
INSERT INTO public.follow VALUES (25, '3n2rzvfppzq2r', 3);
INSERT INTO public.follow VALUES (25, '3n2rzvftl3a2r', 6);
INSERT INTO public.follow VALUES (26, '3n2rzvf5e4v2r', 35);
INSERT INTO public.follow VALUES (26, '3n2rzvf5e4w2r', 2);
INSERT INTO public.follow VALUES (26, '3n2rzvf5e4x2r', 32);
INSERT INTO public.follow VALUES (26, '3n2rzvf5e4y2r', 4);
INSERT INTO public.follow VALUES (26, '3n2rzvf5e4z2r', 30);
INSERT INTO public.follow VALUES (27, '3n2rzvffoqb2r', 15);
INSERT INTO public.follow VALUES (27, '3n2rzvffoqc2r', 14);
INSERT INTO public.follow VALUES (27, '3n2rzvffoqe2r', 22);
INSERT INTO public.follow VALUES (27, '3n2rzvffoqf2r', 18);
INSERT INTO public.follow VALUES (27, '3n2rzvffoqh2r', 28);
INSERT INTO public.follow VALUES (27, '3n2rzvffoqi2r', 33);
INSERT INTO public.follow VALUES (27, '3n2rzvkd5sl2r', 20);
INSERT INTO public.follow VALUES (27, '3n2rzvlpze32r', 38);
INSERT INTO public.follow VALUES (28, '3n2rzvfiqfi2r', 0);
INSERT INTO public.follow VALUES (28, '3n2rzvfth6a2r', 13);
INSERT INTO public.follow VALUES (28, '3n2rzvfx2fs2r', 33);
INSERT INTO public.follow VALUES (28, '3n2rzvndxhl2r', 2);
INSERT INTO public.follow VALUES (29, '3n2rzvfumbr2r', 0);
INSERT INTO public.follow VALUES (29, '3n2rzvqftcd2r', 26);


--
-- Data for Name: forgotten; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: gap; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: handle_lookup; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: history; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.history VALUES (4, 359045492, 0, 0, 1, 1000, 260, 0, NULL);
INSERT INTO public.history VALUES (1, 359045493, 0, 200, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (3, 359045493, 0, 100, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (4, 359045493, 0, 100, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (6, 359045493, 99, 100, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (7, 359045493, 0, 100, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (8, 359045493, 0, 100, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (10, 359045493, 0, 100, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (13, 359045493, 99, 200, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (15, 359045493, 297, 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (17, 359045493, 99, 100, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (18, 359045493, 99, 100, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (19, 359045493, 99, 100, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (21, 359045493, 99, 200, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (23, 359045493, 0, 100, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (24, 359045493, 396, 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (25, 359045493, 99, 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (26, 359045493, 198, 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.history VALUES (1, 359045491, 0, 300, 1, 700, 0, 0, NULL);
INSERT INTO public.history VALUES (1, 359045492, 0, 100, 1, 900, 0, 0, NULL);
INSERT INTO public.history VALUES (2, 359045491, 99, 0, 1, 1000, 99, 0, NULL);
INSERT INTO public.history VALUES (3, 359045491, 0, 100, 1, 900, 0, 0, NULL);
INSERT INTO public.history VALUES (3, 359045492, 99, 0, 1, 1000, 99, 0, NULL);
INSERT INTO public.history VALUES (4, 359045491, 297, 100, 1, 909, 288, 0, NULL);
INSERT INTO public.history VALUES (5, 359045491, 99, 0, 2, 1000, 99, 0, NULL);
INSERT INTO public.history VALUES (6, 359045491, 0, 100, 1, 900, 0, 0, NULL);
INSERT INTO public.history VALUES (6, 359045492, 99, 0, 1, 1000, 99, 0, NULL);
INSERT INTO public.history VALUES (7, 359045491, 99, 0, 2, 1000, 99, 0, NULL);
INSERT INTO public.history VALUES (8, 359045491, 0, 100, 2, 900, 0, 0, NULL);
INSERT INTO public.history VALUES (9, 359045491, 99, 0, 2, 1000, 99, 0, NULL);
INSERT INTO public.history VALUES (10, 359045491, 0, 100, 1, 900, 0, 0, NULL);
INSERT INTO public.history VALUES (11, 359045491, 99, 0, 2, 1000, 99, 0, NULL);
INSERT INTO public.history VALUES (13, 359045492, 198, 200, 1, 818, 180, 0, NULL);
INSERT INTO public.history VALUES (15, 359045492, 99, 100, 2, 909, 90, 0, NULL);
INSERT INTO public.history VALUES (17, 359045492, 198, 100, 0, 916, 182, 0, NULL);
INSERT INTO public.history VALUES (18, 359045492, 0, 100, 2, 900, 0, 0, NULL);
INSERT INTO public.history VALUES (19, 359045492, 0, 100, 2, 900, 0, 0, NULL);
INSERT INTO public.history VALUES (21, 359045492, 99, 200, 0, 800, 99, 0, NULL);
INSERT INTO public.history VALUES (2, 359045492, 99, 0, 1, 1000, 188, 0, NULL);
INSERT INTO public.history VALUES (5, 359045492, 198, 200, 2, 832, 255, 0, NULL);
INSERT INTO public.history VALUES (11, 359045492, 0, 100, 2, 908, 81, 0, NULL);
INSERT INTO public.history VALUES (12, 359045492, 0, 200, 2, 800, 0, 0, NULL);
INSERT INTO public.history VALUES (14, 359045492, 198, 0, 2, 1000, 198, 0, NULL);
INSERT INTO public.history VALUES (16, 359045492, 99, 200, 2, 810, 89, 0, NULL);
INSERT INTO public.history VALUES (7, 359045492, 198, 100, 2, 908, 279, 198, 1);
INSERT INTO public.history VALUES (23, 359045492, 99, 0, 2, 1000, 99, 83, 2);
INSERT INTO public.history VALUES (9, 359045492, 0, 0, NULL, 1000, 89, 0, NULL);
INSERT INTO public.history VALUES (20, 359045492, 99, 0, 1, 1000, 99, 0, NULL);
INSERT INTO public.history VALUES (22, 359045492, 0, 100, 1, 900, 0, 0, NULL);


--
-- Data for Name: identity; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.identity VALUES (0, NULL, NULL, NULL, 0);
INSERT INTO public.identity VALUES (1, NULL, NULL, NULL, 0);


--
-- Data for Name: journal; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.journal VALUES (1, 359045489, 6, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, '{"rule":"systematic","own_points":1000,"keep_top":4,"decay_percent":10,"sink_percent":1,"unclaimed_ticks":10,"like":100,"repost":0,"repeat_once":true,"epoch_micros":5000000}', NULL, NULL, NULL, NULL, 1795227445851000);
INSERT INTO public.journal VALUES (2, 359045490, 2, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 1795227450000000);
INSERT INTO public.journal VALUES (3, 359045491, 2, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 1795227455000000);
INSERT INTO public.journal VALUES (4, 359045491, 1, 0, 1, 2, 100, -6314089515857541346, 0, NULL, '\x0163', 1, NULL, NULL, 1, '3n2rzvidip32r', '3n2rzvidpjt2r', '3n2rzvgc2x22r', 1795227457479000);
INSERT INTO public.journal VALUES (5, 359045491, 1, 0, 3, 4, 100, -4160916493089637207, 0, NULL, '\x0363', 1, NULL, NULL, 1, '3n2rzvimkqd2r', '3n2rzvimtjl2r', '3n2rzvgptet2r', 1795227457780000);
INSERT INTO public.journal VALUES (6, 359045491, 1, 0, 4, 5, 100, 5722403110423992970, 0, NULL, '\x0309015a', 1, NULL, NULL, 1, '3n2rzviso2d2r', '3n2rzviswtl2r', '3n2rzvghtjc2r', 1795227457977000);
INSERT INTO public.journal VALUES (7, 359045491, 1, 0, 6, 4, 100, 2509528413256496345, 0, NULL, '\x0663', 1, NULL, NULL, 1, '3n2rzvix5m32r', '3n2rzvixhel2r', '3n2rzvgss432r', 1795227458127000);
INSERT INTO public.journal VALUES (8, 359045491, 1, 0, 1, 7, 100, -5533477417236701159, 0, NULL, '\x0163', 1, NULL, NULL, 1, '3n2rzvjykwt2r', '3n2rzvjyott2r', '3n2rzvguonl2r', 1795227459214000);
INSERT INTO public.journal VALUES (9, 359045491, 1, 0, 8, 4, 100, 8616790454593008948, 0, NULL, '\x0863', 1, NULL, NULL, 1, '3n2rzvk45732r', '3n2rzvk4c3d2r', '3n2rzvgptet2r', 1795227459332000);
INSERT INTO public.journal VALUES (10, 359045491, 1, 0, 1, 9, 100, 83215213294228839, 0, NULL, '\x0163', 1, NULL, NULL, 1, '3n2rzvk6zxt2r', '3n2rzvk74vl2r', '3n2rzvgdrn22r', 1795227459425000);
INSERT INTO public.journal VALUES (11, 359045491, 1, 0, 10, 11, 100, 2713476985297694653, 0, NULL, '\x0a63', 1, NULL, NULL, 1, '3n2rzvkbqv32r', '3n2rzvkbxpt2r', '3n2rzvk7z7t2r', 1795227459522000);
INSERT INTO public.journal VALUES (12, 359045492, 2, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 1795227460000000);
INSERT INTO public.journal VALUES (13, 359045492, 1, 0, 12, 13, 100, 411617717433816528, 0, NULL, '\x0c63', 1, NULL, NULL, 1, '3n2rzvl5mid2r', '3n2rzvl5pg32r', '3n2rzvitjfd2r', 1795227460427000);
INSERT INTO public.journal VALUES (14, 359045492, 1, 0, 7, 14, 100, 8938695224637185832, 0, NULL, '\x0108065b', 1, NULL, NULL, 1, '3n2rzvlbw6l2r', '3n2rzvlc4232r', '3n2rzvh3t632r', 1795227460572000);
INSERT INTO public.journal VALUES (15, 359045492, 1, 0, 13, 15, 100, 7314521013924090445, 0, NULL, '\x0c09015a', 1, NULL, NULL, 1, '3n2rzvldsq32r', '3n2rzvldvnt2r', '3n2rzvkkl4d2r', 1795227460630000);
INSERT INTO public.journal VALUES (16, 359045492, 1, 0, 16, 17, 100, 2673026885360294079, 0, NULL, '\x1063', 1, NULL, NULL, 1, '3n2rzvlgpit2r', '3n2rzvlgved2r', '3n2rzvjrkdd2r', 1795227460730000);
INSERT INTO public.journal VALUES (17, 359045492, 4, 0, 17, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 1795227460730000);
INSERT INTO public.journal VALUES (18, 359045492, 1, 0, 15, 3, 100, -2919388525680769794, 0, NULL, '\x0c010108025a', 1, NULL, NULL, 1, '3n2rzvm5hzd2r', '3n2rzvm6agl2r', '3n2rzvghsk22r', 1795227461496000);
INSERT INTO public.journal VALUES (19, 359045492, 1, 0, 18, 14, 100, -5200393523019589034, 0, NULL, '\x1263', 1, NULL, NULL, 1, '3n2rzvmds632r', '3n2rzvmdzy32r', '3n2rzvh3t632r', 1795227461685000);
INSERT INTO public.journal VALUES (20, 359045492, 1, 0, 13, 16, 100, 6163642235107270811, 0, NULL, '\x0c09015a', 1, NULL, NULL, 1, '3n2rzvmkzmd2r', '3n2rzvmlbgd2r', '3n2rzvgfvyk2r', 1795227461924000);
INSERT INTO public.journal VALUES (21, 359045492, 1, 0, 16, 2, 100, 5270015724123918363, 0, NULL, '\x0c0101090359', 1, NULL, NULL, 1, '3n2rzvmluxd2r', '3n2rzvmlyud2r', '3n2rzvjtbyl2r', 1795227461944000);
INSERT INTO public.journal VALUES (22, 359045492, 1, 0, 12, 6, 100, -8588443542183489812, 0, NULL, '\x0c63', 1, NULL, NULL, 1, '3n2rzvmnqjl2r', '3n2rzvmo3bd2r', '3n2rzvgbyyk2r', 1795227462017000);
INSERT INTO public.journal VALUES (23, 359045492, 1, 0, 11, 13, 100, -775855443979606969, 0, NULL, '\x0a08015b', 1, NULL, NULL, 1, '3n2rzvn3spt2r', '3n2rzvn53qd2r', '3n2rzvleuvt2r', 1795227462514000);
INSERT INTO public.journal VALUES (24, 359045492, 1, 0, 19, 5, 100, 7809343979192353719, 0, NULL, '\x1363', 1, NULL, NULL, 1, '3n2rzvnhawl2r', '3n2rzvnhjpt2r', '3n2rzvgiyms2r', 1795227462856000);
INSERT INTO public.journal VALUES (25, 359045492, 1, 0, 5, 20, 100, 7927153620263179102, 0, NULL, '\x0301010601530e09', 1, NULL, NULL, 1, '3n2rzvnitpl2r', '3n2rzvnjced2r', '3n2rzvglmmd2r', 1795227462914000);
INSERT INTO public.journal VALUES (26, 359045492, 4, 0, 21, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 1795227462988000);
INSERT INTO public.journal VALUES (27, 359045492, 1, 0, 21, 7, 100, -2863062294622248472, 0, NULL, '\x1563', 1, NULL, NULL, 1, '3n2rzvnlojt2r', '3n2rzvnlufd2r', '3n2rzvguonl2r', 1795227462988000);
INSERT INTO public.journal VALUES (28, 359045492, 1, 0, 5, 17, 100, 35019832721488287, 0, NULL, '\x040701530e09', 1, NULL, NULL, 1, '3n2rzvopzml2r', '3n2rzvoqeed2r', '3n2rzvghuik2r', 1795227464190000);
INSERT INTO public.journal VALUES (29, 359045492, 1, 0, 22, 5, 100, 7728866666236090845, 0, NULL, '\x1663', 1, NULL, NULL, 1, '3n2rzvov3q32r', '3n2rzvov7n32r', '3n2rzvgiyms2r', 1795227464343000);
INSERT INTO public.journal VALUES (30, 359045492, 1, 0, 17, 23, 100, -3316704923901735930, 0, NULL, '\x05070b0801530201', 1, NULL, NULL, 1, '3n2rzvp4vq32r', '3n2rzvp4zn32r', '3n2rzvgl2zt2r', 1795227464598000);
INSERT INTO public.journal VALUES (31, 359045492, 1, 0, 21, 7, 100, -6971424690353181638, 0, NULL, '\x1563', 1, NULL, NULL, 1, '3n2rzvp5dfl2r', '3n2rzvp5hcl2r', '3n2rzvgxqcl2r', 1795227464612000);
INSERT INTO public.journal VALUES (32, 359045492, 1, 0, 1, 21, 100, -237258998383474922, 0, NULL, '\x0163', 1, NULL, NULL, 1, '3n2rzvpgakl2r', '3n2rzvpgehl2r', '3n2rzvh3pb32r', 1795227464905000);
INSERT INTO public.journal VALUES (33, 359045493, 2, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 1795227465000000);
INSERT INTO public.journal VALUES (34, 359045493, 1, 0, 17, 24, 100, -3038061948723779711, 0, NULL, '\x040101060b070155', 1, NULL, NULL, 1, '3n2rzvpol5t2r', '3n2rzvpoo3l2r', '3n2rzvpn77l2r', 1795227465177000);
INSERT INTO public.journal VALUES (35, 359045493, 1, 0, 18, 19, 100, 451492829891601127, 0, NULL, '\x1263', 1, NULL, NULL, 1, '3n2rzvppkft2r', '3n2rzvppoct2r', '3n2rzvpowut2r', 1795227465210000);
INSERT INTO public.journal VALUES (36, 359045493, 1, 0, 23, 25, 100, 7741389614413794680, 0, NULL, '\x10010107065b', 1, NULL, NULL, 1, '3n2rzvpz7y32r', '3n2rzvpzcvt2r', '3n2rzvlydxd2r', 1795227465526000);
INSERT INTO public.journal VALUES (37, 359045493, 1, 0, 13, 26, 100, 5024007818740268293, 0, NULL, '\x0a01010701060155', 1, NULL, NULL, 1, '3n2rzvq3n4t2r', '3n2rzvq3q2l2r', '3n2rzvktr2l2r', 1795227465605000);
INSERT INTO public.journal VALUES (38, 359045493, 1, 0, 1, 6, 100, -8735726742413328545, 0, NULL, '\x0163', 1, NULL, NULL, 1, '3n2rzvq7ebd2r', '3n2rzvq7i6d2r', '3n2rzvgacck2r', 1795227465728000);
INSERT INTO public.journal VALUES (39, 359045493, 1, 0, 4, 15, 100, 5243123113942171994, 0, NULL, '\x0306015102060206', 1, NULL, NULL, 1, '3n2rzvqav3t2r', '3n2rzvqaxzl2r', '3n2rzvj45r32r', 1795227465777000);
INSERT INTO public.journal VALUES (40, 359045493, 1, 0, 6, 26, 100, -7072785266968435886, 0, NULL, '\x010905530607', 1, NULL, NULL, 1, '3n2rzvqbyat2r', '3n2rzvqc5532r', '3n2rzvq2mvl2r', 1795227465814000);
INSERT INTO public.journal VALUES (41, 359045493, 1, 0, 21, 17, 100, -1605426191173526970, 0, NULL, '\x0108145b', 1, NULL, NULL, 1, '3n2rzvqjw5t2r', '3n2rzvqk5xt2r', '3n2rzvghuik2r', 1795227466079000);
INSERT INTO public.journal VALUES (42, 359045493, 1, 0, 3, 21, 100, -2753629184258215002, 0, NULL, '\x035a09010308', 1, NULL, NULL, 1, '3n2rzvqoqhd2r', '3n2rzvqotf32r', '3n2rzvpxt2l2r', 1795227466231000);
INSERT INTO public.journal VALUES (43, 359045493, 1, 0, 8, 13, 100, -3039419127302967047, 0, NULL, '\x0863', 1, NULL, NULL, 1, '3n2rzvqql2d2r', '3n2rzvqqoxd2r', '3n2rzvgbzxs2r', 1795227466292000);
INSERT INTO public.journal VALUES (44, 359045493, 1, 0, 1, 15, 100, -613981351052304446, 0, NULL, '\x0163', 1, NULL, NULL, 1, '3n2rzvqryx32r', '3n2rzvqs3ut2r', '3n2rzvj45r32r', 1795227466338000);
INSERT INTO public.journal VALUES (45, 359045493, 1, 0, 21, 24, 100, 8953613995551601089, 0, NULL, '\x010702091253', 1, NULL, NULL, 1, '3n2rzvqtayd2r', '3n2rzvqtjrl2r', '3n2rzvjuf5l2r', 1795227466385000);
INSERT INTO public.journal VALUES (46, 359045493, 1, 0, 7, 18, 100, -6218329529039387103, 0, NULL, '\x0105064f0e0f', 1, NULL, NULL, 1, '3n2rzvqwu7t2r', '3n2rzvqx32l2r', '3n2rzvp2bql2r', 1795227466501000);
INSERT INTO public.journal VALUES (47, 359045493, 1, 0, 13, 24, 100, -3594507477410668595, 0, NULL, '\x080903060106014e', 1, NULL, NULL, 1, '3n2rzvr5sut2r', '3n2rzvr5wrt2r', '3n2rzvgnebl2r', 1795227466730000);
INSERT INTO public.journal VALUES (48, 359045493, 1, 0, 10, 15, 100, -1182416066634588451, 0, NULL, '\x0a63', 1, NULL, NULL, 1, '3n2rzvrcgdl2r', '3n2rzvrcl7t2r', '3n2rzvj45r32r', 1795227466878000);
INSERT INTO public.journal VALUES (49, 359045493, 1, 0, 19, 24, 100, -5883352487142654483, 0, NULL, '\x1209015a', 1, NULL, NULL, 1, '3n2rzvrdv7l2r', '3n2rzvre42d2r', '3n2rzvgl3z32r', 1795227466928000);


--
-- Data for Name: kept_checkpoint; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.kept_checkpoint VALUES (4, 359045493, 33, 24, 1);


--
-- Data for Name: kept_image; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.kept_image VALUES (4, 0, 49, '\x002a040000');
INSERT INTO public.kept_image VALUES (4, 1, 49, '\xa00600040000');
INSERT INTO public.kept_image VALUES (4, 2, 49, '\xe8070004040150000b010001080003500000');
INSERT INTO public.kept_image VALUES (4, 3, 49, '\x8d070004020d070002490000');
INSERT INTO public.kept_image VALUES (4, 4, 49, '\x9707000403034300034a00024a0000');
INSERT INTO public.kept_image VALUES (4, 5, 49, '\xe807000404030700013d000f490003590000');
INSERT INTO public.kept_image VALUES (4, 6, 49, '\x9407000402015a000b520000');
INSERT INTO public.kept_image VALUES (4, 7, 49, '\x980700040201440014a3010000');
INSERT INTO public.kept_image VALUES (4, 8, 49, '\x840700040000');
INSERT INTO public.kept_image VALUES (4, 9, 49, '\xe80700040101500000');
INSERT INTO public.kept_image VALUES (4, 10, 49, '\x840700040000');
INSERT INTO public.kept_image VALUES (4, 11, 49, '\xe8070004010a490000');
INSERT INTO public.kept_image VALUES (4, 12, 49, '\xe80700040000');
INSERT INTO public.kept_image VALUES (4, 13, 49, '\xc406000404085a00020600014400013d0000');
INSERT INTO public.kept_image VALUES (4, 14, 49, '\xe8070004030107000652000b590000');
INSERT INTO public.kept_image VALUES (4, 15, 49, '\xe807000408016300020600015100020600020600026300020700014a0000');
INSERT INTO public.kept_image VALUES (4, 16, 49, '\xe8070004020c070001490000');
INSERT INTO public.kept_image VALUES (4, 17, 49, '\x9207000406010800030500013e000b4b00030700025b0000');
INSERT INTO public.kept_image VALUES (4, 18, 49, '\x8407000403010500064f000e0f0000');
INSERT INTO public.kept_image VALUES (4, 19, 49, '\x8d07000401125a0000');
INSERT INTO public.kept_image VALUES (4, 20, 49, '\xe807000404030100010600014a000e080000');
INSERT INTO public.kept_image VALUES (4, 21, 49, '\xb806000404014a0002510009010003080000');
INSERT INTO public.kept_image VALUES (4, 22, 49, '\xe80700040000');
INSERT INTO public.kept_image VALUES (4, 23, 49, '\x8c070004040506000b060001440002010000');


--
-- Data for Name: ledger_account; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.ledger_account VALUES (0, 0, 42, 42, 0, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (1, 800, 0, 0, 0, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (2, 1000, 0, 169, 4, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (3, 909, 0, 80, 2, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (4, 919, 0, 215, 3, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (5, 1000, 0, 230, 4, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (6, 916, 0, 172, 2, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (7, 920, 0, 231, 2, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (8, 900, 0, 0, 0, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (9, 1000, 0, 80, 1, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (10, 900, 0, 0, 0, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (11, 1000, 0, 73, 1, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (12, 1000, 0, 0, 0, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (13, 836, 0, 225, 4, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (14, 1000, 0, 178, 3, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (15, 1000, 0, 378, 8, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (16, 1000, 0, 80, 2, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (17, 914, 0, 248, 6, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (18, 900, 0, 99, 3, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (19, 909, 0, 90, 1, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (20, 1000, 0, 89, 4, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (21, 824, 0, 164, 4, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (22, 1000, 0, 0, 0, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (23, 908, 0, 81, 4, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (24, 1000, 0, 396, 13, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (25, 1000, 0, 99, 3, 0, 4, 49);
INSERT INTO public.ledger_account VALUES (26, 1000, 0, 198, 6, 0, 4, 49);


--
-- Data for Name: ledger_number; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.ledger_number VALUES (1, 12);
INSERT INTO public.ledger_number VALUES (2, 33);
INSERT INTO public.ledger_number VALUES (3, 8);
INSERT INTO public.ledger_number VALUES (4, 15);
INSERT INTO public.ledger_number VALUES (5, 9);
INSERT INTO public.ledger_number VALUES (6, 3);
INSERT INTO public.ledger_number VALUES (7, 16);
INSERT INTO public.ledger_number VALUES (8, 25);
INSERT INTO public.ledger_number VALUES (9, 34);
INSERT INTO public.ledger_number VALUES (10, 7);
INSERT INTO public.ledger_number VALUES (11, 28);
INSERT INTO public.ledger_number VALUES (12, 14);
INSERT INTO public.ledger_number VALUES (13, 4);
INSERT INTO public.ledger_number VALUES (14, 20);
INSERT INTO public.ledger_number VALUES (15, 2);
INSERT INTO public.ledger_number VALUES (16, 5);
INSERT INTO public.ledger_number VALUES (17, 0);
INSERT INTO public.ledger_number VALUES (18, 13);
INSERT INTO public.ledger_number VALUES (19, 26);
INSERT INTO public.ledger_number VALUES (20, 31);
INSERT INTO public.ledger_number VALUES (21, 1);
INSERT INTO public.ledger_number VALUES (22, 23);
INSERT INTO public.ledger_number VALUES (23, 10);
INSERT INTO public.ledger_number VALUES (24, 11);
INSERT INTO public.ledger_number VALUES (25, 30);
INSERT INTO public.ledger_number VALUES (26, 22);


--
-- Data for Name: named; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: repo; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.repo VALUES (0, '3n2rzvrkf7t2r', '\x4150c6fe84ef86e064fb6f4944538ccebc2b16af87d747bcc3333d0dd029bacc', NULL);
INSERT INTO public.repo VALUES (1, '3n2rzvqtjrl2r', '\xce2129c823dc89d12690ba464d35b9709005fc949d0c8f19e1f5ba8b4a9766dc', NULL);
INSERT INTO public.repo VALUES (2, '3n2rzvqfmhl2r', '\x9bbc0fb743ce4cdd2325989c7b9e423bfa14350e3c63168efeb7a097a5b79765', NULL);
INSERT INTO public.repo VALUES (3, '3n2rzvqc5532r', '\x096560f7b56abfcc2f0ae6bcf42c90fa23971a2b9fec94c8e631b809236b6204', NULL);
INSERT INTO public.repo VALUES (4, '3n2rzvrg5i32r', '\xfa637473cb9c9751b4537046d9c3ebae291c3812b38ea50e56feeb65c41dcf86', NULL);
INSERT INTO public.repo VALUES (5, '3n2rzvqzuvl2r', '\xe960a929cff4589ff69cb6d1fd4619864b8c5da3390b9ea823de291fe54f9a8a', NULL);
INSERT INTO public.repo VALUES (6, '3n2rzvrbput2r', NULL, NULL);
INSERT INTO public.repo VALUES (7, '3n2rzvrcl7t2r', '\x7435d0311a8af45a4df2e04aeac74844ceca837ac4d9d2b96661ae8b720c88d4', NULL);
INSERT INTO public.repo VALUES (8, '3n2rzvrewg32r', '\xb96e10a29a1f28e1c3499b888099d5c98a6dc271886598c18442ee6ff26401bf', NULL);
INSERT INTO public.repo VALUES (9, '3n2rzvraayt2r', '\xec784a58dc5c8c733a62948886dd8f26dd864905899c0415a29c04001b1e8dba', NULL);
INSERT INTO public.repo VALUES (10, '3n2rzvribtl2r', '\x1d3a84ea1bae2577d7ab99611bcf063a08f909904daca0f465a78c82d1e86bbd', NULL);
INSERT INTO public.repo VALUES (11, '3n2rzvr5k3l2r', '\xd007eecabae44ad43e1180eacd83a7f937b39b8e7dc284928e8f4a4b2c462f28', NULL);
INSERT INTO public.repo VALUES (12, '3n2rzvqs3ut2r', '\xea3003d869ceb8361a49d6c53b0c364b84ce9c1a48ac631f2ee1d807420fcf00', NULL);
INSERT INTO public.repo VALUES (13, '3n2rzvrc4l32r', '\x274e5cec6604fac87369b613f561c5c241e4993a19c5f2052f2447cd64de4748', NULL);
INSERT INTO public.repo VALUES (14, '3n2rzvr3lll2r', '\x3036d7e5a1226efcae5e9d522683172ecfb123bc4a5afd2150fe6c46818255bc', NULL);
INSERT INTO public.repo VALUES (15, '3n2rzvqklnd2r', '\x1a0d4a749ecb0ddd5548ecb5c45f461732bbd481f4061bc7e7944d39b427bdbf', NULL);
INSERT INTO public.repo VALUES (16, '3n2rzvrhlet2r', '\xd58d92be66342c3ba93e30a6787f1fc8adc09cc634bc0d905188a99408196323', NULL);
INSERT INTO public.repo VALUES (17, '3n2rzvq7sw32r', NULL, NULL);
INSERT INTO public.repo VALUES (18, '3n2rzvrls5d2r', NULL, NULL);
INSERT INTO public.repo VALUES (19, '3n2rzvrkqwt2r', NULL, NULL);
INSERT INTO public.repo VALUES (20, '3n2rzvoz7kt2r', NULL, NULL);
INSERT INTO public.repo VALUES (21, '3n2rzvp7pl32r', NULL, NULL);
INSERT INTO public.repo VALUES (22, '3n2rzvr7ret2r', '\xb1f33ab7f799a21954e2c0f8d055f36d4fc9e0926e97346519daa2aae484f032', NULL);
INSERT INTO public.repo VALUES (23, '3n2rzvqwgkd2r', '\xb39103b2cfcaccd3e7de649d965eb95bda8bd1275b99a655255af9c41ac2e252', NULL);
INSERT INTO public.repo VALUES (24, '3n2rzvpf5fl2r', NULL, NULL);
INSERT INTO public.repo VALUES (25, '3n2rzvqqoxd2r', '\x4129f7f11341f8494fd236cb5dd4e47b9eb5880b2bbb771eb218249699480ddc', NULL);
INSERT INTO public.repo VALUES (26, '3n2rzvre42d2r', '\xf2d31f7a221e7d2e9196db968b28cfbb90e61b93653ad1ca22d9fe6ec6840a69', NULL);
INSERT INTO public.repo VALUES (27, '3n2rzvrapnl2r', NULL, NULL);
INSERT INTO public.repo VALUES (28, '3n2rzvptyyd2r', '\x9831869b9062718c89c4abff7e87fc07dda2b735ad56035fcfc26e857ae9be9a', NULL);
INSERT INTO public.repo VALUES (29, '3n2rzvr2aml2r', NULL, NULL);


--
-- Data for Name: request; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: skipped; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: source; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.source VALUES ('file /tmp/sch/first.frames', 'file', '/tmp/sch/first.frames', 795567, 1795227467180000, 260528829048, 0);


--
-- Data for Name: state; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.state VALUES (1, 2, 49, 4, 42, 359045493, 5000000, 359045489, 1795227445000000, 1795227467180000, 49, 2, 49, 0, NULL, 4946482731399328973);


--
-- Data for Name: status_event; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.status_event VALUES (0, 1795227447636000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (1, 1795227449828000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (2, 1795227445852000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (3, 1795227446019000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (4, 1795227446093000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (5, 1795227446753000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (6, 1795227446769000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (7, 1795227447036000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (8, 1795227447348000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (9, 1795227447384000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (10, 1795227448055000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (11, 1795227448058000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (12, 1795227448284000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (13, 1795227448531000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (14, 1795227448552000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (15, 1795227448670000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (16, 1795227449095000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (17, 1795227449166000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (18, 1795227449213000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (19, 1795227449647000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (20, 1795227449859000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (21, 1795227450086000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (22, 1795227450359000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (23, 1795227450365000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (24, 1795227450620000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (25, 1795227450809000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (26, 1795227450823000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (27, 1795227450972000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (28, 1795227451079000, 'file /tmp/sch/first.frames');
INSERT INTO public.status_event VALUES (29, 1795227451130000, 'file /tmp/sch/first.frames');


--
-- Data for Name: tracked; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.tracked VALUES (0, NULL);
INSERT INTO public.tracked VALUES (1, NULL);


--
-- Data for Name: unclaimed; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Name: request_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.request_id_seq', 1, false);


--
-- Name: _sqlx_migrations _sqlx_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);


--
-- Name: account account_did_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_did_key UNIQUE (did);


--
-- Name: account account_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);


--
-- Name: assignment assignment_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.assignment
    ADD CONSTRAINT assignment_pkey PRIMARY KEY (holder, origin);


--
-- Name: backfill backfill_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.backfill
    ADD CONSTRAINT backfill_pkey PRIMARY KEY (account);


--
-- Name: block block_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.block
    ADD CONSTRAINT block_pkey PRIMARY KEY (blocker, rkey);


--
-- Name: bootstrap_account bootstrap_account_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bootstrap_account
    ADD CONSTRAINT bootstrap_account_pkey PRIMARY KEY (account);


--
-- Name: bootstrap_like bootstrap_like_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bootstrap_like
    ADD CONSTRAINT bootstrap_like_pkey PRIMARY KEY (tid, account, record);


--
-- Name: bootstrap bootstrap_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.bootstrap
    ADD CONSTRAINT bootstrap_pkey PRIMARY KEY (singleton);


--
-- Name: circle_change circle_change_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.circle_change
    ADD CONSTRAINT circle_change_pkey PRIMARY KEY (id);


--
-- Name: counter counter_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.counter
    ADD CONSTRAINT counter_pkey PRIMARY KEY (name);


--
-- Name: dropped_like dropped_like_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.dropped_like
    ADD CONSTRAINT dropped_like_pkey PRIMARY KEY (sender, record, rkey);


--
-- Name: epoch epoch_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.epoch
    ADD CONSTRAINT epoch_pkey PRIMARY KEY (ordinal);


--
-- Name: flow flow_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.flow
    ADD CONSTRAINT flow_pkey PRIMARY KEY (origin, receiver, sender, epoch);


--
-- Name: follow follow_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.follow
    ADD CONSTRAINT follow_pkey PRIMARY KEY (follower, rkey);


--
-- Name: forgotten forgotten_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.forgotten
    ADD CONSTRAINT forgotten_pkey PRIMARY KEY (account);


--
-- Name: gap gap_pkey1; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.gap
    ADD CONSTRAINT gap_pkey1 PRIMARY KEY (id);


--
-- Name: handle_lookup handle_lookup_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.handle_lookup
    ADD CONSTRAINT handle_lookup_pkey PRIMARY KEY (account);


--
-- Name: history history_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.history
    ADD CONSTRAINT history_pkey PRIMARY KEY (holder, epoch);


--
-- Name: identity identity_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.identity
    ADD CONSTRAINT identity_pkey PRIMARY KEY (account);


--
-- Name: journal journal_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.journal
    ADD CONSTRAINT journal_pkey PRIMARY KEY ("position");


--
-- Name: kept_checkpoint kept_checkpoint_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.kept_checkpoint
    ADD CONSTRAINT kept_checkpoint_pkey PRIMARY KEY (ordinal);


--
-- Name: kept_image kept_image_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.kept_image
    ADD CONSTRAINT kept_image_pkey PRIMARY KEY (ordinal, holder);


--
-- Name: ledger_account ledger_account_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ledger_account
    ADD CONSTRAINT ledger_account_pkey PRIMARY KEY (id);


--
-- Name: ledger_number ledger_number_account_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ledger_number
    ADD CONSTRAINT ledger_number_account_key UNIQUE (account);


--
-- Name: ledger_number ledger_number_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.ledger_number
    ADD CONSTRAINT ledger_number_pkey PRIMARY KEY (ledger_id);


--
-- Name: named named_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.named
    ADD CONSTRAINT named_pkey PRIMARY KEY (handle);


--
-- Name: repo repo_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.repo
    ADD CONSTRAINT repo_pkey PRIMARY KEY (account);


--
-- Name: request request_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.request
    ADD CONSTRAINT request_pkey PRIMARY KEY (id);


--
-- Name: skipped skipped_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.skipped
    ADD CONSTRAINT skipped_pkey PRIMARY KEY (account);


--
-- Name: source source_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.source
    ADD CONSTRAINT source_pkey PRIMARY KEY (name);


--
-- Name: state state_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.state
    ADD CONSTRAINT state_pkey PRIMARY KEY (singleton);


--
-- Name: status_event status_event_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.status_event
    ADD CONSTRAINT status_event_pkey PRIMARY KEY (account);


--
-- Name: tracked tracked_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.tracked
    ADD CONSTRAINT tracked_pkey PRIMARY KEY (account);


--
-- Name: unclaimed unclaimed_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.unclaimed
    ADD CONSTRAINT unclaimed_pkey PRIMARY KEY (receiver, entry);


--
-- Name: account_hop; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX account_hop ON public.account USING btree (hop, id) WHERE (hop IS NOT NULL);


--
-- Name: assignment_origin; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX assignment_origin ON public.assignment USING btree (origin, holder) INCLUDE (points);


--
-- Name: circle_change_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX circle_change_account ON public.circle_change USING btree (account, id);


--
-- Name: gap_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX gap_open ON public.gap USING btree (opened_micros) WHERE (closed_micros IS NULL);


--
-- Name: history_epoch; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX history_epoch ON public.history USING btree (epoch, rank);


--
-- Name: history_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX history_open ON public.history USING btree (epoch, holder) WHERE (own IS NULL);


--
-- Name: history_unranked; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX history_unranked ON public.history USING btree (epoch, holder) WHERE ((rank IS NULL) AND (hop IS NOT NULL) AND (tracked > 0));


--
-- Name: journal_ahead; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX journal_ahead ON public.journal USING btree (rkey COLLATE "C") WHERE ((rkey COLLATE "C") > (rev COLLATE "C"));


--
-- Name: journal_kind; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX journal_kind ON public.journal USING btree (kind, "position") WHERE (kind <> 1);


--
-- Name: journal_rejected; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX journal_rejected ON public.journal USING btree ("position") WHERE (outcome <> 0);


--
-- Name: request_waiting; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX request_waiting ON public.request USING btree (id) WHERE (answer IS NULL);


--
-- PostgreSQL database dump complete
--


