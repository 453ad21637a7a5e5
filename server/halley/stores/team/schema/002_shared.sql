-- What a team agrees on: the policy, and macros and templates that were reviewed.

CREATE TABLE halley.policies (           -- the newest one is in force; the others say how it came about
    version integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body jsonb NOT NULL CHECK (jsonb_typeof(body) = 'object' AND length(body::text) < 100000),
    author text NOT NULL DEFAULT session_user,
    published timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE halley.shared (
    kind text NOT NULL CHECK (kind IN ('macro', 'template')),
    name text NOT NULL CHECK (name ~ '^[A-Za-z0-9_.-]{1,100}$'),
    version integer NOT NULL,
    body text NOT NULL CHECK (length(body) < 200000),
    digest text NOT NULL,                -- SHA-256 of the body: what a member agrees to
    author text NOT NULL,
    published timestamptz NOT NULL DEFAULT now(),
    approved_by text,
    retracted boolean NOT NULL DEFAULT false,
    PRIMARY KEY (kind, name, version)
);

CREATE FUNCTION halley.set_policy(its_body jsonb) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE made integer;
BEGIN
    PERFORM require_admin();
    INSERT INTO policies (body, author) VALUES (its_body, session_user) RETURNING policies.version INTO made;
    RETURN made;
END $$;

-- A proposal: it is not offered before an admin has approved it.
CREATE FUNCTION halley.publish(its_kind text, its_name text, its_body text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE made integer;
BEGIN
    PERFORM my_groups();
    PERFORM pg_advisory_xact_lock(hashtextextended('halley.shared ' || its_kind || ' ' || its_name, 0));
    SELECT coalesce(max(s.version), 0) + 1 INTO made FROM shared s WHERE s.kind = its_kind AND s.name = its_name;
    INSERT INTO shared (kind, name, version, body, digest, author)
    VALUES (its_kind, its_name, made, its_body, encode(sha256(convert_to(its_body, 'UTF8')), 'hex'), session_user);
    RETURN made;
END $$;

-- `its_digest` is of the text the admin has read, so that nothing else can be approved by mistake.
CREATE FUNCTION halley.approve(its_kind text, its_name text, its_digest text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE found_version integer;
BEGIN
    PERFORM require_admin();
    IF (SELECT count(*) FROM members WHERE is_admin) > 1 AND EXISTS (
        SELECT 1 FROM shared s WHERE s.kind = its_kind AND s.name = its_name AND s.digest = its_digest
            AND s.author = session_user AND s.approved_by IS NULL AND NOT s.retracted
    ) THEN
        RAISE EXCEPTION 'another admin must approve what you wrote' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE shared s SET approved_by = session_user
    WHERE (s.kind, s.name, s.version) = (
        SELECT n.kind, n.name, n.version FROM shared n
        WHERE n.kind = its_kind AND n.name = its_name AND n.digest = its_digest AND NOT n.retracted
        ORDER BY n.version DESC LIMIT 1)
    RETURNING s.version INTO found_version;
    RETURN found_version;
END $$;

-- Its author may, and an admin. Copies that were taken stay with their members.
CREATE FUNCTION halley.retract(its_kind text, its_name text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE gone integer;
BEGIN
    PERFORM my_groups();
    UPDATE shared s SET retracted = true
    WHERE s.kind = its_kind AND s.name = its_name AND NOT s.retracted AND (s.author = session_user OR is_admin());
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

REVOKE ALL ON FUNCTION halley.set_policy(jsonb), halley.publish(text, text, text), halley.approve(text, text, text),
    halley.retract(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION halley.set_policy(jsonb), halley.publish(text, text, text), halley.approve(text, text, text),
    halley.retract(text, text) TO halley_member;
GRANT SELECT ON halley.policies, halley.shared TO halley_member;
ALTER TABLE halley.policies ENABLE ROW LEVEL SECURITY;
CREATE POLICY for_members ON halley.policies FOR SELECT TO halley_member
    USING (EXISTS (SELECT 1 FROM halley.members m WHERE m.name = session_user));
ALTER TABLE halley.shared ENABLE ROW LEVEL SECURITY;
CREATE POLICY approved_or_own ON halley.shared FOR SELECT TO halley_member
    USING (NOT retracted AND (approved_by IS NOT NULL OR author = session_user OR (SELECT halley.is_admin()))
        AND EXISTS (SELECT 1 FROM halley.members m WHERE m.name = session_user));
