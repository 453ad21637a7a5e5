-- Chats that their authors shared, text and all. One is here only because its author named it, and until they revoke it.

CREATE TABLE halley.chats (
    id uuid PRIMARY KEY,                 -- made by the client of the chat's own name, so that sharing it again replaces it
    member text NOT NULL,
    title text NOT NULL CHECK (length(title) <= 300),
    workspace text NOT NULL CHECK (length(workspace) <= 300),
    body text NOT NULL CHECK (length(body) BETWEEN 1 AND 1000000),     -- Markdown; keys were masked before
    shared timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX chats_by_member ON halley.chats (member);

-- Whether the policy in force forbids that prompts are stored.
CREATE FUNCTION halley.forbids_prompts() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
    SELECT coalesce((SELECT p.body -> 'no_prompt_storage' = 'true'::jsonb FROM policies p ORDER BY p.version DESC LIMIT 1), false);
$$;

CREATE FUNCTION halley.share_chat(its_id uuid, its_title text, its_workspace text, its_body text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
BEGIN
    PERFORM my_groups();
    -- A policy that forbids it waits for this, and then finds the chat.
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('halley.chats', 0));
    IF forbids_prompts() THEN
        RAISE EXCEPTION 'the policy of the team forbids storing prompts' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- One at a time of each member, so that they are counted right.
    PERFORM pg_advisory_xact_lock(hashtextextended('halley.chats of ' || session_user, 0));
    IF (SELECT count(*) FROM chats c WHERE c.member = session_user AND c.id <> its_id) >= 200 THEN
        RAISE EXCEPTION 'a member may share 200 chats; revoke one first' USING ERRCODE = 'program_limit_exceeded';
    END IF;
    INSERT INTO chats (id, member, title, workspace, body)
    VALUES (its_id, session_user, left(its_title, 300), left(its_workspace, 300), its_body)
    ON CONFLICT (id) DO UPDATE SET title = excluded.title, workspace = excluded.workspace, body = excluded.body, shared = now()
    WHERE chats.member = session_user;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another member has shared this chat' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

-- Its author may, and an admin.
CREATE FUNCTION halley.revoke_chat(its_id uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
BEGIN
    PERFORM my_groups();
    DELETE FROM chats c WHERE c.id = its_id AND (c.member = session_user OR is_admin());
    RETURN FOUND;
END $$;

CREATE FUNCTION halley.prune_chats(older_than timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE gone bigint;
BEGIN
    PERFORM require_admin();
    DELETE FROM chats WHERE shared < older_than;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;

-- A policy that forbids storing prompts also deletes those that are stored.
CREATE FUNCTION halley.drop_prompts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.body -> 'no_prompt_storage' = 'true'::jsonb THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('halley.chats', 0));
        DELETE FROM chats;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER drop_prompts AFTER INSERT ON halley.policies FOR EACH ROW EXECUTE FUNCTION halley.drop_prompts();

REVOKE ALL ON FUNCTION halley.forbids_prompts(), halley.share_chat(uuid, text, text, text), halley.revoke_chat(uuid),
    halley.prune_chats(timestamptz), halley.drop_prompts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION halley.share_chat(uuid, text, text, text), halley.revoke_chat(uuid),
    halley.prune_chats(timestamptz) TO halley_member;
GRANT SELECT ON halley.chats TO halley_member;
ALTER TABLE halley.chats ENABLE ROW LEVEL SECURITY;
CREATE POLICY for_members ON halley.chats FOR SELECT TO halley_member
    USING (EXISTS (SELECT 1 FROM halley.members m WHERE m.name = session_user));
