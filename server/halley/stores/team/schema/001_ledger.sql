-- Members, calls and budgets. `docs/team.md` says who may do what; `server.py` calls the functions.
--
-- A member reads and writes only through the functions below and two policies. Functions run as the owner, so each
-- fixes its search path and takes the member from `session_user`, which SET ROLE does not change.

CREATE TABLE halley.members (
    name text PRIMARY KEY,               -- a login role of this server
    is_admin boolean NOT NULL DEFAULT false,
    groups text[] NOT NULL DEFAULT '{}',
    added timestamptz NOT NULL DEFAULT now(),
    last_seen timestamptz,
    client text
);

CREATE TABLE halley.calls (
    id uuid PRIMARY KEY,                 -- made by the client, so that a row sent twice is one row
    revision bigint NOT NULL,            -- a later one replaces an earlier one, never the other way round
    member text NOT NULL,
    groups text[] NOT NULL,              -- the member's groups when the row came: later changes leave the past alone
    workspace text NOT NULL DEFAULT '',
    started timestamptz NOT NULL,
    feature text NOT NULL,
    role text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    attempt integer NOT NULL DEFAULT 1,
    status text NOT NULL,
    problem text,
    input_tokens bigint, output_tokens bigint, cached_tokens bigint, written_tokens bigint, reasoning_tokens bigint,
    tokens_estimated boolean NOT NULL DEFAULT false,
    cost numeric(14, 9) CHECK (cost >= 0 AND cost < 99999),
    currency text NOT NULL DEFAULT 'USD',
    cost_source text,
    saved numeric(14, 9),
    first_token_ms double precision,
    tokens_per_s double precision
);
CREATE INDEX calls_by_member ON halley.calls (member, started);
CREATE INDEX calls_by_start ON halley.calls (started);

CREATE TABLE halley.budgets (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scope text NOT NULL CHECK (scope IN ('team', 'member', 'group', 'workspace')),
    subject text NOT NULL,               -- a name; '*' gives each member, group or workspace a sum of its own
    period text NOT NULL CHECK (period IN ('day', 'month')),
    most numeric(14, 2) NOT NULL CHECK (most >= 0 AND most < 1e12),
    UNIQUE (scope, subject, period)
);

CREATE TABLE halley.counters (           -- what was spent of a budget in one period; the row is what calls queue for
    budget integer NOT NULL REFERENCES halley.budgets (id) ON DELETE CASCADE,
    subject text NOT NULL,
    begins date NOT NULL,
    spent numeric(20, 9) NOT NULL,
    PRIMARY KEY (budget, subject, begins)
);

CREATE TABLE halley.holds (              -- money set aside for a call that is being made
    reservation uuid NOT NULL,
    member text NOT NULL,
    budget integer NOT NULL,
    subject text NOT NULL,
    begins date NOT NULL,
    amount numeric(14, 9) NOT NULL,
    expires timestamptz NOT NULL,
    PRIMARY KEY (reservation, budget, subject),
    FOREIGN KEY (budget, subject, begins) REFERENCES halley.counters ON DELETE CASCADE
);
CREATE INDEX holds_of_counter ON halley.holds (budget, subject, begins);

CREATE TABLE halley.facts (name text PRIMARY KEY, value text NOT NULL);

-- Who asks

CREATE FUNCTION halley.is_admin() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT 1 FROM members WHERE name = session_user AND is_admin)
        OR session_user = (SELECT tableowner FROM pg_tables WHERE schemaname = 'halley' AND tablename = 'members');
$$;

CREATE FUNCTION halley.require_admin() RETURNS void
LANGUAGE plpgsql STABLE SET search_path = halley, pg_catalog, pg_temp AS $$
BEGIN
    IF NOT is_admin() THEN
        RAISE EXCEPTION 'only an admin of the team may do this' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

CREATE FUNCTION halley.my_groups() RETURNS text[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE mine text[];
BEGIN
    SELECT groups INTO mine FROM members WHERE name = session_user;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not a member of this team', session_user USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN mine;
END $$;

-- Budgets

CREATE FUNCTION halley.period_of(period text, moment timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT date_trunc(period, moment AT TIME ZONE 'UTC')::date;
$$;

CREATE FUNCTION halley.budgets_of(who text, its_groups text[], place text)
RETURNS TABLE (budget integer, subject text, period text, scope text, most numeric)
LANGUAGE sql STABLE SET search_path = halley, pg_catalog, pg_temp AS $$
    SELECT b.id, s.name, b.period, b.scope, b.most FROM budgets b
    CROSS JOIN LATERAL unnest(CASE b.scope
        WHEN 'team' THEN ARRAY['']
        WHEN 'member' THEN ARRAY[who]
        WHEN 'group' THEN its_groups
        ELSE ARRAY[place] END) AS s(name)
    WHERE b.scope = 'team' OR b.subject IN ('*', s.name);
$$;

CREATE FUNCTION halley.lock_counter(which integer, of_subject text, of_begins date) RETURNS numeric
LANGUAGE plpgsql SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE found_spent numeric;
BEGIN
    SELECT c.spent INTO found_spent FROM counters c
    WHERE c.budget = which AND c.subject = of_subject AND c.begins = of_begins FOR UPDATE;
    IF FOUND THEN
        RETURN found_spent;
    END IF;
    -- The first one of a period adds up what was spent before the budget was set.
    INSERT INTO counters (budget, subject, begins, spent)
    SELECT which, of_subject, of_begins, coalesce(sum(c.cost), 0)
    FROM budgets b LEFT JOIN calls c
        ON c.started >= of_begins::timestamp AT TIME ZONE 'UTC'
        AND c.started < (of_begins + ('1 ' || b.period)::interval) AT TIME ZONE 'UTC'
        AND c.currency = 'USD'
        AND CASE b.scope
            WHEN 'team' THEN true
            WHEN 'member' THEN c.member = of_subject
            WHEN 'group' THEN of_subject = ANY (c.groups)
            ELSE c.workspace = of_subject END
    WHERE b.id = which
    ON CONFLICT DO NOTHING;
    SELECT c.spent INTO found_spent FROM counters c
    WHERE c.budget = which AND c.subject = of_subject AND c.begins = of_begins FOR UPDATE;
    RETURN found_spent;
END $$;

-- Sets `amount` aside of every budget that the call counts for, or of none: then the row says which is spent.
CREATE FUNCTION halley.reserve(reservation uuid, place text, amount numeric, seconds integer)
RETURNS TABLE (scope text, subject text, period text, spent numeric, held numeric, most numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE
    its_groups text[] := my_groups();
    one record;
    was numeric;
    set_aside numeric;
    at timestamptz := clock_timestamp();
BEGIN
    -- What a crash of the server forgets of the last moment is an estimate; waiting for its disk would delay each call.
    PERFORM set_config('synchronous_commit', 'off', true);
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('halley.budgets', 0));
    -- Counters are locked in one order everywhere, so that no two calls wait for each other.
    FOR one IN SELECT * FROM budgets_of(session_user, its_groups, place) b ORDER BY b.budget, b.subject LOOP
        was := lock_counter(one.budget, one.subject, period_of(one.period, at));
        DELETE FROM holds h WHERE h.budget = one.budget AND h.subject = one.subject AND h.expires < at;
        SELECT coalesce(sum(h.amount), 0) INTO set_aside FROM holds h
        WHERE h.budget = one.budget AND h.subject = one.subject AND h.begins = period_of(one.period, at);
        IF was + set_aside >= one.most OR was + set_aside + greatest(amount, 0) > one.most THEN
            DELETE FROM holds h WHERE h.reservation = reserve.reservation AND h.member = session_user;
            RETURN QUERY SELECT one.scope, one.subject, one.period, was, set_aside, one.most;
            RETURN;
        END IF;
        INSERT INTO holds (reservation, member, budget, subject, begins, amount, expires)
        VALUES (reservation, session_user, one.budget, one.subject, period_of(one.period, at),
                greatest(amount, 0), at + make_interval(secs => least(greatest(seconds, 1), 86400)))
        ON CONFLICT DO NOTHING;
    END LOOP;
END $$;

-- Takes in rows of the caller's ledger, and gives back what was set aside for calls that have ended.
CREATE FUNCTION halley.put(given jsonb, released uuid[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE
    its_groups text[] := my_groups();
    one record;
    added numeric;
    taken integer := 0;
BEGIN
    IF jsonb_array_length(given) > 1000 THEN
        RAISE EXCEPTION 'too many rows in one batch' USING ERRCODE = 'program_limit_exceeded';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('halley.budgets', 0));
    FOR one IN
        SELECT DISTINCT b.budget, b.subject, period_of(b.period, r.started) AS begins
        FROM jsonb_to_recordset(given) AS r(workspace text, started timestamptz)
        CROSS JOIN LATERAL budgets_of(session_user, its_groups, coalesce(r.workspace, '')) b
        ORDER BY 1, 2, 3
    LOOP
        PERFORM lock_counter(one.budget, one.subject, one.begins);
    END LOOP;
    FOR one IN
        SELECT * FROM jsonb_to_recordset(given) AS r(
            id uuid, revision bigint, workspace text, started timestamptz, feature text, role text, provider text,
            model text, attempt integer, status text, problem text, input_tokens bigint, output_tokens bigint,
            cached_tokens bigint, written_tokens bigint, reasoning_tokens bigint, tokens_estimated boolean,
            cost numeric, currency text, cost_source text, saved numeric, first_token_ms double precision,
            tokens_per_s double precision)
        ORDER BY r.id
    LOOP
        added := put_one(to_jsonb(one), its_groups);
        taken := taken + 1;
        IF added <> 0 AND coalesce(one.currency, 'USD') = 'USD' THEN
            UPDATE counters c SET spent = c.spent + added
            FROM budgets_of(session_user, its_groups, coalesce(one.workspace, '')) b
            WHERE c.budget = b.budget AND c.subject = b.subject AND c.begins = period_of(b.period, one.started);
        END IF;
    END LOOP;
    DELETE FROM holds h WHERE h.reservation = ANY (released) AND h.member = session_user;
    RETURN taken;
END $$;

-- By how much the row's cost grew: all of it for a new row, nothing for one that was sent before.
CREATE FUNCTION halley.put_one(given jsonb, its_groups text[]) RETURNS numeric
LANGUAGE plpgsql SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE
    fresh calls := jsonb_populate_record(NULL::calls, given);
    old calls;
BEGIN
    fresh.member := session_user;
    fresh.groups := its_groups;
    fresh.workspace := left(coalesce(fresh.workspace, ''), 300);
    fresh.feature := left(fresh.feature, 100);
    fresh.role := left(fresh.role, 100);
    fresh.provider := left(fresh.provider, 100);
    fresh.model := left(fresh.model, 300);
    fresh.status := left(fresh.status, 30);
    fresh.problem := left(fresh.problem, 100);
    fresh.currency := left(coalesce(fresh.currency, 'USD'), 10);
    fresh.attempt := coalesce(fresh.attempt, 1);
    fresh.tokens_estimated := coalesce(fresh.tokens_estimated, false);
    INSERT INTO calls SELECT (fresh).* ON CONFLICT (id) DO NOTHING;
    IF FOUND THEN
        RETURN coalesce(fresh.cost, 0);
    END IF;
    SELECT * INTO old FROM calls c WHERE c.id = fresh.id FOR UPDATE;
    IF old.member <> session_user OR old.revision >= fresh.revision THEN
        RETURN 0;
    END IF;
    -- The place and time of a call never change: its cost is counted where it was counted first.
    UPDATE calls c SET revision = fresh.revision, status = fresh.status, problem = fresh.problem,
        input_tokens = fresh.input_tokens, output_tokens = fresh.output_tokens, cached_tokens = fresh.cached_tokens,
        written_tokens = fresh.written_tokens, reasoning_tokens = fresh.reasoning_tokens,
        tokens_estimated = fresh.tokens_estimated, cost = fresh.cost, cost_source = fresh.cost_source,
        saved = fresh.saved, first_token_ms = fresh.first_token_ms, tokens_per_s = fresh.tokens_per_s
    WHERE c.id = fresh.id;
    RETURN coalesce(fresh.cost, 0) - coalesce(old.cost, 0);
END $$;

-- The budgets that count for the caller, as they stand.
CREATE FUNCTION halley.my_budgets(place text)
RETURNS TABLE (scope text, subject text, period text, spent numeric, held numeric, most numeric)
LANGUAGE sql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
    SELECT b.scope, b.subject, b.period,
        coalesce((SELECT c.spent FROM counters c WHERE c.budget = b.budget AND c.subject = b.subject
            AND c.begins = period_of(b.period, now())), 0),
        coalesce((SELECT sum(h.amount) FROM holds h WHERE h.budget = b.budget AND h.subject = b.subject
            AND h.begins = period_of(b.period, now()) AND h.expires >= now()), 0),
        b.most
    FROM budgets_of(session_user, my_groups(), place) b ORDER BY 1, 2, 3;
$$;

-- Who the caller is, and what a client must know before its first call.
CREATE FUNCTION halley.hello(its_client text)
RETURNS TABLE (member text, is_admin boolean, groups text[], budgets bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE mine text[] := my_groups();
BEGIN
    UPDATE members m SET last_seen = now(), client = left(its_client, 50) WHERE m.name = session_user;
    RETURN QUERY SELECT session_user::text, is_admin(), mine, (SELECT count(*) FROM budgets);
END $$;

-- What admins do

CREATE FUNCTION halley.set_member(who text, admin boolean, its_groups text[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
BEGIN
    PERFORM require_admin();
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = who AND rolcanlogin) THEN
        RAISE EXCEPTION 'the server has no login role %', who USING ERRCODE = 'undefined_object';
    END IF;
    INSERT INTO members (name, is_admin, groups)
    VALUES (who, coalesce(admin, false), coalesce(its_groups, '{}'))
    ON CONFLICT (name) DO UPDATE
    SET is_admin = coalesce(admin, members.is_admin), groups = coalesce(its_groups, members.groups);
    EXECUTE format('GRANT halley_member TO %I', who);
END $$;

CREATE FUNCTION halley.remove_member(who text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE was_there boolean;
BEGIN
    PERFORM require_admin();
    DELETE FROM members WHERE name = who;
    was_there := FOUND;
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = who) THEN
        EXECUTE format('REVOKE halley_member FROM %I', who);
    END IF;
    RETURN was_there;
END $$;

CREATE FUNCTION halley.set_budget(its_scope text, its_subject text, its_period text, its_most numeric) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
BEGIN
    PERFORM require_admin();
    -- No row may come in while a budget begins to count: it would be missed, or counted twice.
    PERFORM pg_advisory_xact_lock(hashtextextended('halley.budgets', 0));
    IF its_most IS NULL THEN
        DELETE FROM budgets WHERE scope = its_scope AND subject = its_subject AND period = its_period;
        RETURN FOUND;
    END IF;
    INSERT INTO budgets (scope, subject, period, most) VALUES (its_scope, its_subject, its_period, its_most)
    ON CONFLICT (scope, subject, period) DO UPDATE SET most = excluded.most;
    RETURN true;
END $$;

CREATE FUNCTION halley.prune(older_than timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = halley, pg_catalog, pg_temp AS $$
DECLARE gone bigint;
BEGIN
    PERFORM require_admin();
    IF older_than > date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' THEN
        RAISE EXCEPTION 'this month''s rows are what budgets are counted by' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    DELETE FROM calls WHERE started < older_than;
    GET DIAGNOSTICS gone = ROW_COUNT;
    DELETE FROM counters WHERE begins < older_than::date AND begins < date_trunc('month', now())::date;
    RETURN gone;
END $$;

-- Rights. Only the group role `halley_member` may use the schema, and it sees rows as the policies allow.

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA halley FROM PUBLIC;
GRANT USAGE ON SCHEMA halley TO halley_member;
GRANT EXECUTE ON FUNCTION halley.is_admin(), halley.my_groups(), halley.period_of(text, timestamptz),
    halley.reserve(uuid, text, numeric, integer), halley.put(jsonb, uuid[]), halley.my_budgets(text),
    halley.hello(text), halley.set_member(text, boolean, text[]), halley.remove_member(text),
    halley.set_budget(text, text, text, numeric), halley.prune(timestamptz) TO halley_member;
GRANT SELECT ON halley.calls, halley.members, halley.budgets, halley.facts TO halley_member;

ALTER TABLE halley.calls ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_calls ON halley.calls FOR SELECT TO halley_member
    USING (member = session_user OR (SELECT halley.is_admin()));
ALTER TABLE halley.members ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_membership ON halley.members FOR SELECT TO halley_member
    USING (name = session_user OR (SELECT halley.is_admin()));
ALTER TABLE halley.budgets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_budgets ON halley.budgets FOR SELECT TO halley_member
    USING (scope = 'team' OR subject IN ('*', session_user) OR (SELECT halley.is_admin()));
