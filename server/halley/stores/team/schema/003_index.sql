-- Vectors of pieces of code, by the hash of what was embedded. Neither a text nor a path is here.
--
-- Members can neither list nor search vectors. `find_vectors` gives those whose hashes the caller names, and to name one
-- the caller needs the text. Which vectors are near each other is looked up in each member's own index, among their own
-- files; nothing is searched here, so an HNSW index would only cost space and time.

CREATE TABLE halley.vector_models (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model text NOT NULL CHECK (length(model) BETWEEN 1 AND 300),
    rules integer NOT NULL,              -- how texts become vectors: a client's constant
    dimensions integer NOT NULL CHECK (dimensions BETWEEN 1 AND 16000),
    UNIQUE (model, rules)
);

CREATE TABLE halley.vectors (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),   -- of the rules, the model, its host and the text
    model integer NOT NULL REFERENCES halley.vector_models (id) ON DELETE CASCADE,
    vector real[] NOT NULL,              -- of length 1
    member text NOT NULL DEFAULT session_user,
    added date NOT NULL DEFAULT current_date
);
CREATE INDEX vectors_by_model ON halley.vectors (model, member);

CREATE TABLE halley.vector_use (         -- one row for each member, so that they do not wait for one another
    member text PRIMARY KEY,
    asked bigint NOT NULL DEFAULT 0,
    found bigint NOT NULL DEFAULT 0
);

ALTER TABLE halley.vectors ALTER COLUMN vector SET STORAGE EXTERNAL;   -- numbers that look random: compressing is vain

-- pgvector's halfvec takes half the space; whether it is used. Float arrays are kept until the server's administrator has
-- added the extension. The functions below fit both. Every `halley team init` calls this.
CREATE FUNCTION halley.use_halfvec() RETURNS boolean
LANGUAGE plpgsql SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE place text;
BEGIN
    SELECT n.nspname INTO place FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
    JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
    WHERE e.extname = 'vector' AND t.typname = 'halfvec';
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF (SELECT atttypid = 'real[]'::regtype FROM pg_attribute
        WHERE attrelid = 'vectors'::regclass AND attname = 'vector') THEN
        EXECUTE format('ALTER TABLE vectors ALTER COLUMN vector TYPE %I.halfvec', place);
    END IF;
    RETURN true;
END $$;

-- The vectors of these hashes, as `array_send` writes floats.
CREATE FUNCTION halley.find_vectors(hashes bytea[]) RETURNS TABLE (hash bytea, vector bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE there bigint;
BEGIN
    PERFORM my_groups();
    IF cardinality(hashes) > 1000 THEN
        RAISE EXCEPTION 'at most 1000 vectors in one request' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    RETURN QUERY SELECT v.hash, array_send(v.vector::real[]) FROM vectors v WHERE v.hash = ANY (hashes);
    GET DIAGNOSTICS there = ROW_COUNT;
    INSERT INTO vector_use AS u (member, asked, found) VALUES (session_user, cardinality(hashes), there)
    ON CONFLICT (member) DO UPDATE SET asked = u.asked + excluded.asked, found = u.found + excluded.found;
END $$;

-- Those of these hashes that no member has shared.
CREATE FUNCTION halley.lacking_vectors(hashes bytea[]) RETURNS SETOF bytea
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
BEGIN
    PERFORM my_groups();
    RETURN QUERY SELECT h FROM unnest(hashes) h WHERE NOT EXISTS (SELECT 1 FROM vectors v WHERE v.hash = h);
END $$;

-- `numbers` are the vectors of all hashes, one after another. The first who shares a hash decides; how many were new.
CREATE FUNCTION halley.share_vectors(
    its_model text, its_rules integer, its_dimensions integer, hashes bytea[], numbers real[]
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE known vector_models; added bigint;
BEGIN
    PERFORM my_groups();
    IF cardinality(hashes) > 1000 OR cardinality(numbers) IS DISTINCT FROM cardinality(hashes) * its_dimensions
        OR array_ndims(numbers) <> 1 OR EXISTS (SELECT 1 FROM unnest(numbers) n WHERE n IS NULL OR NOT abs(n) <= 1.01)
    THEN
        RAISE EXCEPTION 'these are no vectors of length 1' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO vector_models (model, rules, dimensions) VALUES (its_model, its_rules, its_dimensions)
    ON CONFLICT (model, rules) DO NOTHING;
    SELECT * INTO known FROM vector_models m WHERE m.model = its_model AND m.rules = its_rules;
    IF known.dimensions <> its_dimensions THEN
        RAISE EXCEPTION 'vectors of % have % dimensions here, not %', its_model, known.dimensions, its_dimensions
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    INSERT INTO vectors (hash, model, vector)
    SELECT h, known.id, numbers[(at - 1) * its_dimensions + 1 : at * its_dimensions]
    FROM unnest(hashes) WITH ORDINALITY AS of_hash(h, at) ORDER BY h    -- in one order, so that two never wait for each other
    ON CONFLICT (hash) DO NOTHING;
    GET DIAGNOSTICS added = ROW_COUNT;
    RETURN added;
END $$;

CREATE FUNCTION halley.index_models() RETURNS TABLE (model text, rules integer, dimensions integer, pieces bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
BEGIN
    PERFORM my_groups();
    RETURN QUERY SELECT m.model, m.rules, m.dimensions, (SELECT count(*) FROM vectors v WHERE v.model = m.id)
        FROM vector_models m ORDER BY 1, 2;
END $$;

-- Bytes on disk, and what all members asked for and found.
CREATE FUNCTION halley.index_use() RETURNS TABLE (bytes bigint, asked bigint, found bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
BEGIN
    PERFORM my_groups();
    RETURN QUERY SELECT pg_total_relation_size('halley.vectors'),
        coalesce(sum(u.asked), 0)::bigint, coalesce(sum(u.found), 0)::bigint FROM vector_use u;
END $$;

-- NULL stands for every model, and every member.
CREATE FUNCTION halley.clear_vectors(its_model text, who text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE gone bigint;
BEGIN
    PERFORM require_admin();
    DELETE FROM vectors v USING vector_models m
    WHERE m.id = v.model AND (its_model IS NULL OR m.model = its_model) AND (who IS NULL OR v.member = who);
    GET DIAGNOSTICS gone = ROW_COUNT;
    DELETE FROM vector_models m WHERE NOT EXISTS (SELECT 1 FROM vectors v WHERE v.model = m.id);
    RETURN gone;
END $$;

REVOKE ALL ON FUNCTION halley.use_halfvec(), halley.find_vectors(bytea[]), halley.lacking_vectors(bytea[]),
    halley.share_vectors(text, integer, integer, bytea[], real[]), halley.index_models(), halley.index_use(),
    halley.clear_vectors(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION halley.find_vectors(bytea[]), halley.lacking_vectors(bytea[]),
    halley.share_vectors(text, integer, integer, bytea[], real[]), halley.index_models(), halley.index_use(),
    halley.clear_vectors(text, text) TO halley_member;
-- Nothing is granted on the tables, and no policy lets a row through: only the functions reach them.
ALTER TABLE halley.vector_models ENABLE ROW LEVEL SECURITY;
ALTER TABLE halley.vectors ENABLE ROW LEVEL SECURITY;
ALTER TABLE halley.vector_use ENABLE ROW LEVEL SECURITY;
