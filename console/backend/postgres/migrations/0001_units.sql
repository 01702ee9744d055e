-- schema: public
-- The public rows (leg A): units, their versions, the lifecycle vocabulary and its log. Names are the production database's.

CREATE TABLE IF NOT EXISTS information_unit (
    id                      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    canonical_address       text NOT NULL UNIQUE,
    unit_kind               text NOT NULL,
    section_type            text NOT NULL,
    section_code            text,
    doc_code                text,
    owner_ref               text,
    publication_type        text,
    identity_profile        jsonb,
    parent_or_container_ref text,
    version_anchor_ref      uuid,
    content_anchor_ref      text,
    lifecycle_status        text NOT NULL DEFAULT 'draft',
    conformance_status      text,
    created_by              text,
    created_at              timestamptz NOT NULL DEFAULT now(),
    updated_by              text,
    updated_at              timestamptz,
    deleted_at              timestamptz
);
CREATE INDEX IF NOT EXISTS information_unit_doc_code ON information_unit (doc_code);

CREATE TABLE IF NOT EXISTS unit_version (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    unit_id          uuid NOT NULL,
    version_seq      integer NOT NULL,
    title            text,
    body             text NOT NULL,
    content_hash     text NOT NULL,
    content_profile  jsonb,
    lifecycle_status text NOT NULL DEFAULT 'draft',
    review_state     text,
    enacted_at       timestamptz,
    created_by       text,
    created_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (unit_id, version_seq)
);

CREATE TABLE IF NOT EXISTS iu_lifecycle_vocab (
    status      text PRIMARY KEY,
    description text NOT NULL
);
INSERT INTO iu_lifecycle_vocab (status, description) VALUES
    ('draft', 'cut, not yet law; may be reverted'),
    ('enacted', 'law; immutable'),
    ('superseded', 'replaced, or taken back while a draft'),
    ('retired', 'no longer in force, kept for the record')
ON CONFLICT (status) DO NOTHING;

CREATE TABLE IF NOT EXISTS iu_lifecycle_log (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    unit_id            uuid NOT NULL,
    from_status        text NOT NULL,
    to_status          text NOT NULL,
    run_id             text,
    review_decision_id uuid,
    actor              text NOT NULL,
    at                 timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS dot_config (
    key   text PRIMARY KEY,
    value text NOT NULL
);
