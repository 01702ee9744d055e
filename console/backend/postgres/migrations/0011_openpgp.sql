-- schema: cutter_governance
-- The database verifies detached OpenPGP signatures with core functions alone,
-- against public keys that an administrator has pinned.

-- It accepts a subset of what gpg accepts: one version 4 signature packet of type 0x00;
-- RSA of 2048 to 4096 bits, compared with the whole PKCS#1 v1.5 encoding, or EdDSA over Ed25519 (algorithm 22;
-- gpg has no 27); SHA-256, SHA-384 or SHA-512. No setting of the session changes a verdict. Only the verdict 'good'
-- comes with a fingerprint and a time. The functions hold no secret, so they need not run in constant time.
-- A creation time in the future is accepted, as by gpg: the caller compares `created` with the times of its statement.

CREATE TABLE IF NOT EXISTS signing_key (
    fingerprint         text PRIMARY KEY CHECK (fingerprint ~ '^[0-9A-F]{40}$'),
    primary_fingerprint text NOT NULL CHECK (primary_fingerprint ~ '^[0-9A-F]{40}$'),
    algorithm           integer NOT NULL CHECK (algorithm IN (1, 3, 22)),
    packet              bytea NOT NULL,
    key_created         timestamptz NOT NULL,
    pinned_by           text NOT NULL DEFAULT session_user,
    pinned_at           timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The term of a pinned key, by its owner's self-signatures.
-- Pin an extended key again: the newest self-signature counts.
CREATE TABLE IF NOT EXISTS signing_key_term (
    fingerprint text NOT NULL REFERENCES signing_key,
    signed_at   timestamptz NOT NULL,
    expires     timestamptz NOT NULL DEFAULT 'infinity',
    pinned_by   text NOT NULL DEFAULT session_user,
    pinned_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (fingerprint, signed_at, expires)
);

-- A withdrawn key verifies nothing, permanently. Withdrawing a primary key withdraws its subkeys too.
-- A key can be withdrawn before it is pinned.
CREATE TABLE IF NOT EXISTS signing_key_end (
    fingerprint text PRIMARY KEY CHECK (fingerprint ~ '^[0-9A-F]{40}$'),
    reason      text NOT NULL CHECK (btrim(reason) <> ''),
    ended_by    text NOT NULL DEFAULT session_user,
    ended_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The unsigned number in these bytes, most significant byte first.
CREATE OR REPLACE FUNCTION fn_openpgp_number(p_bytes bytea) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    hex text := encode(p_bytes, 'hex');
    total numeric := 0;
BEGIN
    -- 14 hexadecimal digits at a time: 7 bytes are the most that a bigint takes without becoming negative.
    hex := repeat('0', (14 - length(hex) % 14) % 14) || hex;
    FOR i IN 0 .. length(hex) / 14 - 1 LOOP
        total := total * 72057594037927936 + ('x' || substr(hex, 1 + 14 * i, 14))::bit(56)::bigint;
    END LOOP;
    RETURN total;
END $$;

-- The bytes in reverse order: RFC 8032 writes its numbers with the least significant byte first.
CREATE OR REPLACE FUNCTION fn_openpgp_reverse(p_bytes bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(string_agg(substring(p_bytes FROM i FOR 1), ''::bytea ORDER BY i DESC), ''::bytea)
      FROM generate_series(1, length(p_bytes)) i
$$;

-- SHA-1 (FIPS 180-4), for the fingerprints of version 4 keys alone; no signature over SHA-1 is accepted.
CREATE OR REPLACE FUNCTION fn_sha1(p_data bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mask CONSTANT bigint := 4294967295;
    padded bytea := p_data || decode('80'
                                     || repeat('00', ((119 - length(p_data) % 64) % 64))
                                     || lpad(to_hex(length(p_data) * 8::bigint), 16, '0'),
                                     'hex');
    hex text;
    w bigint[];
    x bigint;
    a bigint; b bigint; c bigint; d bigint; e bigint; f bigint;
    h0 bigint := 1732584193;
    h1 bigint := 4023233417;
    h2 bigint := 2562383102;
    h3 bigint := 271733878;
    h4 bigint := 3285377520;
BEGIN
    FOR block IN 0 .. length(padded) / 64 - 1 LOOP
        hex := encode(substring(padded FROM 1 + 64 * block FOR 64), 'hex');
        w := array_fill(0::bigint, ARRAY[80]);
        FOR t IN 1 .. 16 LOOP
            w[t] := ('x' || substr(hex, 8 * t - 7, 8))::bit(32)::bigint;
        END LOOP;
        FOR t IN 17 .. 80 LOOP
            x := w[t - 3] # w[t - 8] # w[t - 14] # w[t - 16];
            w[t] := ((x << 1) | (x >> 31)) & mask;
        END LOOP;
        a := h0; b := h1; c := h2; d := h3; e := h4;
        FOR t IN 1 .. 80 LOOP
            f := CASE WHEN t <= 20 THEN (d # (b & (c # d))) + 1518500249
                      WHEN t <= 40 THEN (b # c # d) + 1859775393
                      WHEN t <= 60 THEN ((b & c) | (d & (b | c))) + 2400959708
                      ELSE (b # c # d) + 3395469782 END;
            f := (((a << 5) | (a >> 27)) + f + e + w[t]) & mask;
            e := d; d := c; c := ((b << 30) | (b >> 2)) & mask; b := a; a := f;
        END LOOP;
        h0 := (h0 + a) & mask;
        h1 := (h1 + b) & mask;
        h2 := (h2 + c) & mask;
        h3 := (h3 + d) & mask;
        h4 := (h4 + e) & mask;
    END LOOP;
    RETURN decode(lpad(to_hex(h0), 8, '0')
                  || lpad(to_hex(h1), 8, '0')
                  || lpad(to_hex(h2), 8, '0')
                  || lpad(to_hex(h3), 8, '0')
                  || lpad(to_hex(h4), 8, '0'),
                  'hex');
END $$;

-- Ed25519 (RFC 8032). mod() keeps the dividend's sign, which is harmless modulo p;
-- coordinates are brought to 0 .. p - 1 at the end.

-- z ^ (2^252 - 3), for the square root and for the inverse.
CREATE OR REPLACE FUNCTION fn_ed25519_power(z numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p CONSTANT numeric := 57896044618658097711785492504343953926634992332820282019728792003956564819949;
    ones CONSTANT integer[] := ARRAY[5, 10, 20, 10, 50, 100, 50];
    z11 numeric;
    short numeric;
    x numeric;
    y numeric;
BEGIN
    x := mod(z * z, p);
    y := mod(x * x, p);
    y := mod(mod(y * y, p) * z, p);
    z11 := mod(y * x, p);
    x := mod(mod(z11 * z11, p) * y, p);
    -- x is z ^ (2^n - 1) for n = 5, 10, 20, 40, 50, 100, 200, 250.
    FOR stage IN 1 .. 7 LOOP
        y := x;
        FOR i IN 1 .. ones[stage] LOOP
            y := mod(y * y, p);
        END LOOP;
        x := mod(y * CASE WHEN stage IN (4, 7) THEN short ELSE x END, p);
        short := CASE WHEN stage IN (1, 4) THEN x ELSE short END;
    END LOOP;
    x := mod(x * x, p);
    RETURN mod(mod(x * x, p) * z, p);
END $$;

-- The affine point of 32 bytes, as x and y; NULL unless they are the canonical encoding of a point on the curve.
CREATE OR REPLACE FUNCTION fn_ed25519_point(p_point bytea) RETURNS numeric[]
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p CONSTANT numeric := 57896044618658097711785492504343953926634992332820282019728792003956564819949;
    d CONSTANT numeric := 37095705934669439343138083508754565189542113879843219016388785533085940283555;
    root_of_minus_one CONSTANT numeric := 19681161376707505956807079304988542015446066515923890162744021073123829784752;
    odd integer;
    u numeric;
    v numeric;
    x numeric;
    y numeric;
BEGIN
    IF length(p_point) <> 32 THEN
        RETURN NULL;
    END IF;
    odd := get_byte(p_point, 31) >> 7;
    y := cutter_governance.fn_openpgp_number(
        cutter_governance.fn_openpgp_reverse(set_byte(p_point, 31, get_byte(p_point, 31) & 127)));
    IF y >= p THEN
        RETURN NULL;
    END IF;
    u := mod(y * y - 1 + p, p);
    v := mod(d * mod(y * y, p) + 1, p);
    x := mod(v * v, p);
    x := mod(mod(u * v, p) * x, p);
    x := mod(x * cutter_governance.fn_ed25519_power(mod(x * mod(mod(v * v, p) * mod(v * v, p), p), p)), p);
    IF mod(v * mod(x * x, p), p) <> u THEN
        x := mod(x * root_of_minus_one, p);
        IF mod(v * mod(x * x, p), p) <> u THEN
            RETURN NULL;
        END IF;
    END IF;
    IF x = 0 AND odd = 1 THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY[CASE WHEN mod(x, 2) = odd THEN x ELSE p - x END, y];
END $$;

-- s·B + h·P for the base point B, an affine point P and 0 <= s, h < 2^256, as affine x and y.
CREATE OR REPLACE FUNCTION fn_ed25519_sum(s numeric, h numeric, p_point numeric[]) RETURNS numeric[]
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p CONSTANT numeric := 57896044618658097711785492504343953926634992332820282019728792003956564819949;
    d2 CONSTANT numeric := 16295367250680780974490674513165176452449235426866156013048779062215315747161;
    base CONSTANT numeric[] := ARRAY[15112221349535400772501151409588531511454012693041857206046113283949847762202,
                                     46316835694926478169428394003475163141307993866256225615783033603165251855960];
    -- The multiples 1 to 15 of B at 1 to 15, of P at 16 to 30: y - x, y + x, 2d·t and 2z, as the addition wants them.
    tm numeric[] := array_fill(0::numeric, ARRAY[30]);
    tp numeric[] := array_fill(0::numeric, ARRAY[30]);
    tt numeric[] := array_fill(0::numeric, ARRAY[30]);
    tz numeric[] := array_fill(0::numeric, ARRAY[30]);
    digits integer[] := array_fill(0, ARRAY[128]);
    x numeric; y numeric; z numeric; t numeric;
    a numeric; b numeric; c numeric; e numeric; f numeric; g numeric; m numeric;
    k integer;
BEGIN
    FOR which IN 0 .. 1 LOOP
        k := 15 * which;
        x := CASE which WHEN 0 THEN base[1] ELSE p_point[1] END;
        y := CASE which WHEN 0 THEN base[2] ELSE p_point[2] END;
        z := 1;
        t := mod(x * y, p);
        FOR i IN 1 .. 15 LOOP
            tm[k + i] := y - x; tp[k + i] := y + x; tt[k + i] := mod(d2 * t, p); tz[k + i] := 2 * z;
            EXIT WHEN i = 15;
            a := mod((y - x) * tm[k + 1], p);
            b := mod((y + x) * tp[k + 1], p);
            c := mod(t * tt[k + 1], p);
            g := 2 * z;
            e := b - a; f := g - c; g := g + c; m := b + a;
            x := mod(e * f, p); y := mod(g * m, p); t := mod(e * m, p); z := mod(f * g, p);
        END LOOP;
        m := CASE which WHEN 0 THEN s ELSE h END;
        FOR i IN 1 .. 64 LOOP
            digits[64 * which + i] := mod(m, 16)::integer;
            m := div(m, 16);
        END LOOP;
    END LOOP;
    x := 0; y := 1; z := 1; t := 0;
    FOR i IN REVERSE 64 .. 1 LOOP
        IF i < 64 THEN
            FOR j IN 1 .. 4 LOOP
                a := x * x;
                b := y * y;
                e := mod(2 * x * y, p); g := mod(b - a, p); f := mod(g - 2 * z * z, p); m := mod(a + b, p);
                x := mod(e * f, p); y := mod(-g * m, p); z := mod(f * g, p);
            END LOOP;
            t := mod(-e * m, p);
        END IF;
        FOR which IN 0 .. 1 LOOP
            k := digits[64 * which + i];
            IF k > 0 THEN
                k := k + 15 * which;
                a := mod((y - x) * tm[k], p);
                b := mod((y + x) * tp[k], p);
                c := mod(t * tt[k], p);
                g := mod(z * tz[k], p);
                e := b - a; f := g - c; g := g + c; m := b + a;
                x := mod(e * f, p); y := mod(g * m, p); t := mod(e * m, p); z := mod(f * g, p);
            END IF;
        END LOOP;
    END LOOP;
    -- 1 / z = z ^ (p - 2) = (z ^ (2^252 - 3)) ^ 8 · z ^ 3; the addition law is complete, so z is never 0.
    z := mod(z + p, p);
    a := cutter_governance.fn_ed25519_power(z);
    FOR i IN 1 .. 3 LOOP
        a := mod(a * a, p);
    END LOOP;
    a := mod(mod(a * z, p) * mod(z * z, p), p);
    RETURN ARRAY[mod(mod(x * a, p) + p, p), mod(mod(y * a, p) + p, p)];
END $$;

-- True for a public key that is canonical, on the curve and of the prime order;
-- others verify signatures that nobody made.
CREATE OR REPLACE FUNCTION fn_ed25519_sound(p_point bytea) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    point numeric[] := cutter_governance.fn_ed25519_point(p_point);
BEGIN
    RETURN point IS NOT NULL
           AND point[2] <> 1
           AND cutter_governance.fn_ed25519_sum(
                   0, 7237005577332262213973186563042994240857116359379907606001950938285454250989, point)
               = ARRAY[0, 1]::numeric[];
END $$;

-- RFC 8032 5.1.7 without the cofactor; R is compared as encoded, as libgcrypt does.
-- Stricter: s < L, a canonical key, no key of small order.
CREATE OR REPLACE FUNCTION fn_ed25519_verify(p_point bytea, p_message bytea, p_signature bytea) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p CONSTANT numeric := 57896044618658097711785492504343953926634992332820282019728792003956564819949;
    l CONSTANT numeric := 7237005577332262213973186563042994240857116359379907606001950938285454250989;
    r bytea := substring(p_signature FROM 1 FOR 32);
    s numeric := cutter_governance.fn_openpgp_number(
        cutter_governance.fn_openpgp_reverse(substring(p_signature FROM 33)));
    ry numeric;
    point numeric[];
    h numeric;
BEGIN
    IF p_point IS NULL
       OR p_message IS NULL
       OR p_signature IS NULL
       OR length(p_signature) <> 64
       OR length(p_point) <> 32
       OR s >= l THEN
        RETURN false;
    END IF;
    ry := cutter_governance.fn_openpgp_number(
        cutter_governance.fn_openpgp_reverse(set_byte(r, 31, get_byte(r, 31) & 127)));
    point := cutter_governance.fn_ed25519_point(p_point);
    -- The five numbers are the y of every point of small order.
    IF ry >= p
       OR point IS NULL
       OR point[2] IN (0, 1, p - 1,
                       2707385501144840649318225287225658788936804267575313519463743609750303402022,
                       55188659117513257062467267217118295137698188065244968500265048394206261417927) THEN
        RETURN false;
    END IF;
    -- Modulo 8·L, not L: the same multiple of every point of the curve, not only of those of prime order.
    h := mod(cutter_governance.fn_openpgp_number(
                 cutter_governance.fn_openpgp_reverse(sha512(r || p_point || p_message))),
             8 * l);
    point := cutter_governance.fn_ed25519_sum(s, h, ARRAY[p - point[1], point[2]]);
    RETURN point[2] = ry AND mod(point[1], 2) = get_byte(r, 31) >> 7;
END $$;

-- base ^ exponent modulo modulus; the exponent is small (a public one).
CREATE OR REPLACE FUNCTION fn_rsa_power(base numeric, exponent bigint, modulus numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result numeric := 1;
BEGIN
    FOR i IN REVERSE 62 .. 0 LOOP
        IF result <> 1 THEN
            result := mod(result * result, modulus);
        END IF;
        IF exponent >> i & 1 = 1 THEN
            result := mod(result * base, modulus);
        END IF;
    END LOOP;
    RETURN result;
END $$;

-- RFC 8017 8.2.2: build the expected encoding and compare it as a whole; never parse the opened signature.
CREATE OR REPLACE FUNCTION fn_rsa_verify(
    p_n numeric, p_e bigint, p_bytes integer, p_hash integer, p_digest bytea, p_signature numeric
) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    info text := CASE p_hash WHEN 8 THEN '3031300d060960864801650304020105000420'
                             WHEN 9 THEN '3041300d060960864801650304020205000430'
                             WHEN 10 THEN '3051300d060960864801650304020305000440' END
                 || encode(p_digest, 'hex');
BEGIN
    IF info IS NULL
       OR p_n IS NULL
       OR p_e IS NULL
       OR p_bytes IS NULL
       OR p_signature IS NULL
       OR p_signature <= 1
       OR p_signature >= p_n THEN
        RETURN false;
    END IF;
    RETURN cutter_governance.fn_rsa_power(p_signature, p_e, p_n)
        = cutter_governance.fn_openpgp_number(
            decode('0001' || repeat('ff', p_bytes - 3 - length(info) / 2) || '00' || info, 'hex'));
END $$;

-- One packet at p_at (from 1), and the position after it;
-- all NULL if it is cut short or its length is indeterminate or partial.
CREATE OR REPLACE FUNCTION fn_openpgp_packet(
    p_bytes bytea, p_at integer, OUT tag integer, OUT body bytea, OUT next_at integer
)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    left_over integer := length(p_bytes) - p_at + 1;
    head integer;
    first integer;
    octets integer;
    size bigint := 0;
    begins integer;
BEGIN
    IF left_over < 2 THEN
        RETURN;
    END IF;
    head := get_byte(p_bytes, p_at - 1);
    first := get_byte(p_bytes, p_at);
    IF head & 192 = 192 THEN
        octets := CASE WHEN first < 192 THEN 1 WHEN first < 224 THEN 2 WHEN first = 255 THEN 5 END;
    ELSIF head & 192 = 128 THEN
        octets := CASE head & 3 WHEN 0 THEN 1 WHEN 1 THEN 2 WHEN 2 THEN 4 END;
    END IF;
    IF octets IS NULL OR left_over < 1 + octets THEN
        RETURN;
    END IF;
    begins := p_at + 1 + octets;
    IF head & 64 = 64 AND octets = 2 THEN
        size := (first - 192) * 256 + get_byte(p_bytes, p_at + 1) + 192;
    ELSE
        FOR i IN CASE WHEN head & 64 = 64 AND octets = 5 THEN 1 ELSE 0 END .. octets - 1 LOOP
            size := size * 256 + get_byte(p_bytes, p_at + i);
        END LOOP;
    END IF;
    IF size > length(p_bytes) - begins + 1 THEN
        RETURN;
    END IF;
    tag := CASE WHEN head & 64 = 64 THEN head & 63 ELSE (head & 60) >> 2 END;
    body := substring(p_bytes FROM begins FOR size::integer);
    next_at := begins + size::integer;
END $$;

-- One multiprecision integer at p_at (from 1); all NULL if it is cut short.
-- gpg 2.4 writes leading zeros in EdDSA halves, so they are accepted.
CREATE OR REPLACE FUNCTION fn_openpgp_mpi(
    p_bytes bytea, p_at integer, OUT bits integer, OUT content bytea, OUT next_at integer
)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    announced integer;
BEGIN
    IF length(p_bytes) >= p_at + 1 THEN
        announced := get_byte(p_bytes, p_at - 1) * 256 + get_byte(p_bytes, p_at);
        IF announced <= 16384 AND length(p_bytes) >= p_at + 1 + (announced + 7) / 8 THEN
            bits := announced;
            content := substring(p_bytes FROM p_at + 2 FOR (announced + 7) / 8);
            next_at := p_at + 2 + (announced + 7) / 8;
        END IF;
    END IF;
END $$;

-- The fields of a public key or subkey packet's body.
-- A refused version 4 key has its fingerprint too, so that it can be named.
CREATE OR REPLACE FUNCTION fn_openpgp_key(
    p_packet bytea, OUT fingerprint text, OUT key_id text, OUT algorithm integer, OUT created timestamptz,
    OUT n numeric, OUT e numeric, OUT n_bytes integer, OUT point bytea, OUT refused text
)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    size integer := length(p_packet);
    modulus record;
    exponent record;
BEGIN
    IF size IS NULL OR size < 8 OR size > 65535 THEN
        refused := 'malformed packet';
        RETURN;
    END IF;
    IF get_byte(p_packet, 0) <> 4 THEN
        refused := 'unsupported version';
        RETURN;
    END IF;
    fingerprint := upper(encode(
        cutter_governance.fn_sha1(decode('99' || lpad(to_hex(size), 4, '0'), 'hex') || p_packet), 'hex'));
    key_id := right(fingerprint, 16);
    created := to_timestamp(cutter_governance.fn_openpgp_number(substring(p_packet FROM 2 FOR 4))::double precision);
    algorithm := get_byte(p_packet, 5);
    IF algorithm IN (1, 3) THEN
        modulus := cutter_governance.fn_openpgp_mpi(p_packet, 7);
        exponent := cutter_governance.fn_openpgp_mpi(p_packet, modulus.next_at);
        IF exponent.next_at IS DISTINCT FROM size + 1 THEN
            refused := 'malformed packet';
            RETURN;
        END IF;
        IF modulus.bits NOT BETWEEN 2048 AND 4096 OR exponent.bits NOT BETWEEN 2 AND 62 THEN
            refused := 'unsupported key size';
            RETURN;
        END IF;
        n := cutter_governance.fn_openpgp_number(modulus.content);
        e := cutter_governance.fn_openpgp_number(exponent.content);
        n_bytes := length(modulus.content);
        -- The announced lengths are the real ones, so that n_bytes is what the encoding is padded to.
        IF get_byte(modulus.content, 0) >> (modulus.bits - 1) % 8 <> 1
           OR get_byte(exponent.content, 0) >> (exponent.bits - 1) % 8 <> 1 THEN
            refused := 'malformed packet';
        ELSIF mod(n, 2) = 0 OR mod(e, 2) = 0 THEN
            refused := 'unsound key';
        END IF;
    ELSIF algorithm = 22 THEN
        IF encode(substring(p_packet FROM 7 FOR 10), 'hex') <> '092b06010401da470f01' THEN
            refused := 'unsupported curve';
        ELSIF size <> 51 OR encode(substring(p_packet FROM 17 FOR 3), 'hex') <> '010740' THEN
            refused := 'malformed packet';
        ELSE
            point := substring(p_packet FROM 20 FOR 32);
        END IF;
    ELSE
        refused := 'unsupported algorithm';
    END IF;
END $$;

-- The fields of a version 4 signature packet's body, of any type.
-- The digest covers the data and `hashed_part`; times are seconds since 1970.
-- Issuer fingerprints of both areas must agree,
-- but only the hashed one finds a key, because gpg does not read the other.
CREATE OR REPLACE FUNCTION fn_openpgp_signature(
    p_body bytea, OUT kind integer, OUT algorithm integer, OUT hash integer, OUT hashed_part bytea, OUT left_bits bytea,
    OUT created bigint, OUT expires_after bigint, OUT key_expires_after bigint, OUT key_flags integer, OUT issuer text,
    OUT issuer_key_id text, OUT other_issuer text, OUT embedded bytea, OUT critical integer[], OUT r bytea, OUT s bytea,
    OUT refused text
)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    size integer := length(p_body);
    area integer;
    ends integer;
    pos integer;
    length_of integer;
    type_of integer;
    content bytea;
    mpi record;
    seen integer[] := '{}';
BEGIN
    refused := 'malformed packet';
    critical := '{}';
    IF size IS NULL OR size < 12 THEN
        RETURN;
    END IF;
    IF get_byte(p_body, 0) <> 4 THEN
        refused := 'unsupported version';
        RETURN;
    END IF;
    kind := get_byte(p_body, 1);
    algorithm := get_byte(p_body, 2);
    hash := get_byte(p_body, 3);
    pos := 5;
    FOR hidden IN 0 .. 1 LOOP
        IF size < pos + 1 THEN
            RETURN;
        END IF;
        area := get_byte(p_body, pos - 1) * 256 + get_byte(p_body, pos);
        pos := pos + 2;
        ends := pos + area;
        -- gpg's own limit.
        IF size < ends - 1 OR area > 10000 THEN
            RETURN;
        END IF;
        WHILE pos < ends LOOP
            length_of := get_byte(p_body, pos - 1);
            pos := pos + 1;
            IF length_of = 255 THEN
                IF pos + 4 > ends OR get_byte(p_body, pos - 1) > 0 OR get_byte(p_body, pos) > 0 THEN
                    RETURN;
                END IF;
                length_of := get_byte(p_body, pos + 1) * 256 + get_byte(p_body, pos + 2);
                pos := pos + 4;
            ELSIF length_of >= 192 THEN
                IF pos + 1 > ends THEN
                    RETURN;
                END IF;
                length_of := (length_of - 192) * 256 + get_byte(p_body, pos - 1) + 192;
                pos := pos + 1;
            END IF;
            IF length_of < 1 OR pos + length_of > ends THEN
                RETURN;
            END IF;
            type_of := get_byte(p_body, pos - 1) & 127;
            IF get_byte(p_body, pos - 1) >= 128 THEN
                critical := critical || type_of;
            END IF;
            content := substring(p_body FROM pos + 1 FOR length_of - 1);
            pos := pos + length_of;
            -- A field that is read has its exact length and occurs once per area.
            IF type_of IN (2, 3, 9, 16, 27, 33) AND (hidden = 0 OR type_of IN (16, 33)) THEN
                IF seen @> ARRAY[type_of + 256 * hidden]
                   OR type_of IN (2, 3, 9) AND length(content) <> 4
                   OR type_of = 16 AND length(content) <> 8
                   OR type_of = 33 AND (length(content) <> 21 OR get_byte(content, 0) <> 4)
                   OR type_of = 27 AND length(content) < 1 THEN
                    RETURN;
                END IF;
                seen := seen || (type_of + 256 * hidden);
                CASE type_of
                    WHEN 2 THEN created := cutter_governance.fn_openpgp_number(content)::bigint;
                    WHEN 3 THEN expires_after := cutter_governance.fn_openpgp_number(content)::bigint;
                    WHEN 9 THEN key_expires_after := cutter_governance.fn_openpgp_number(content)::bigint;
                    WHEN 27 THEN key_flags := get_byte(content, 0);
                    WHEN 16 THEN
                        IF issuer_key_id <> upper(encode(content, 'hex')) THEN
                            refused := 'issuer mismatch';
                            RETURN;
                        END IF;
                        issuer_key_id := upper(encode(content, 'hex'));
                    ELSE
                        IF hidden = 0 THEN
                            issuer := upper(encode(substring(content FROM 2), 'hex'));
                        ELSE
                            other_issuer := upper(encode(substring(content FROM 2), 'hex'));
                        END IF;
                END CASE;
            ELSIF type_of = 32 AND embedded IS NULL THEN
                embedded := content;
            END IF;
        END LOOP;
        IF hidden = 0 THEN
            hashed_part := substring(p_body FROM 1 FOR ends - 1);
        END IF;
    END LOOP;
    IF size < pos + 1 THEN
        RETURN;
    END IF;
    left_bits := substring(p_body FROM pos FOR 2);
    mpi := cutter_governance.fn_openpgp_mpi(p_body, pos + 2);
    r := mpi.content;
    IF algorithm = 22 THEN
        mpi := cutter_governance.fn_openpgp_mpi(p_body, mpi.next_at);
        s := mpi.content;
    ELSIF algorithm NOT IN (1, 3) THEN
        refused := 'unsupported algorithm';
        RETURN;
    END IF;
    -- Nothing may follow the last integer, and none may be 0.
    IF mpi.next_at IS DISTINCT FROM size + 1
       OR ltrim(encode(r, 'hex'), '0') = ''
       OR ltrim(encode(s, 'hex'), '0') = '' THEN
        RETURN;
    END IF;
    refused := NULL;
END $$;

-- The cryptography alone, without rules about types and times:
-- the verdict 'good' if the key made this signature over the data.
CREATE OR REPLACE FUNCTION fn_openpgp_proves(
    p_signature bytea, p_key bytea, p_data bytea, OUT fingerprint text, OUT verdict text
)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    sig record;
    key record;
    message bytea;
    digest bytea;
    proved boolean := false;
BEGIN
    sig := cutter_governance.fn_openpgp_signature(p_signature);
    key := cutter_governance.fn_openpgp_key(p_key);
    fingerprint := key.fingerprint;
    verdict := CASE WHEN sig.refused IS NOT NULL THEN sig.refused
                    WHEN key.refused IS NOT NULL THEN key.refused
                    WHEN p_data IS NULL THEN 'no data'
                    WHEN sig.algorithm <> key.algorithm THEN 'unsupported algorithm'
                    WHEN sig.hash NOT IN (8, 9, 10) THEN 'unsupported hash' END;
    IF verdict IS NOT NULL THEN
        RETURN;
    END IF;
    message := p_data || sig.hashed_part || decode('04ff' || lpad(to_hex(length(sig.hashed_part)), 8, '0'), 'hex');
    digest := CASE sig.hash WHEN 8 THEN sha256(message) WHEN 9 THEN sha384(message) ELSE sha512(message) END;
    verdict := 'bad signature';
    IF substring(digest FROM 1 FOR 2) <> sig.left_bits THEN
        RETURN;
    END IF;
    IF key.algorithm = 22 THEN
        -- Each half is 32 octets, stored without its leading zeros.
        proved := length(ltrim(encode(sig.r, 'hex'), '0')) <= 64
                  AND length(ltrim(encode(sig.s, 'hex'), '0')) <= 64
                  AND cutter_governance.fn_ed25519_verify(
                      key.point, digest,
                      decode(lpad(ltrim(encode(sig.r, 'hex'), '0'), 64, '0')
                             || lpad(ltrim(encode(sig.s, 'hex'), '0'), 64, '0'),
                             'hex'));
    ELSE
        proved := length(sig.r) <= 2 * key.n_bytes
                  AND cutter_governance.fn_rsa_verify(
                      key.n, key.e::bigint, key.n_bytes, sig.hash, digest, cutter_governance.fn_openpgp_number(sig.r));
    END IF;
    IF proved THEN
        verdict := 'good';
    END IF;
END $$;

-- The bytes in one ASCII armour block of a signature; NULL for anything else.
-- A checksum is required, because gpg misreads blocks without one.
CREATE OR REPLACE FUNCTION fn_openpgp_dearmour(p_armour bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- 'escape' gives ASCII for every byte string, in every encoding of the database.
    lines text[] := string_to_array(replace(btrim(encode(p_armour, 'escape'), E' \t\r\n'), E'\r\n', E'\n'), E'\n');
    line text;
    bare text;
    body text[] := '{}';
    joined text;
    content bytea;
    inside boolean := false;
    crc integer := 11994318;
BEGIN
    IF array_length(lines, 1) IS NULL
       OR array_length(lines, 1) < 5
       OR rtrim(lines[1], E' \t') <> '-----BEGIN PGP SIGNATURE-----'
       OR rtrim(lines[array_length(lines, 1)], E' \t') <> '-----END PGP SIGNATURE-----' THEN
        RETURN NULL;
    END IF;
    FOREACH line IN ARRAY lines[2 : array_length(lines, 1) - 1] LOOP
        bare := rtrim(line, E' \t');
        IF NOT inside THEN
            inside := bare = '';
            IF NOT inside AND line !~ '^[A-Za-z][A-Za-z0-9-]*:( |$)' THEN
                RETURN NULL;
            END IF;
        ELSIF bare <> '' THEN
            body := body || bare;
        END IF;
    END LOOP;
    IF coalesce(array_length(body, 1), 0) < 2 OR body[array_length(body, 1)] !~ '^=[A-Za-z0-9+/]{4}$' THEN
        RETURN NULL;
    END IF;
    joined := array_to_string(body[1 : array_length(body, 1) - 1], '');
    IF length(joined) % 4 <> 0 OR joined !~ '^[A-Za-z0-9+/]+={0,2}$' THEN
        RETURN NULL;
    END IF;
    content := decode(joined, 'base64');
    -- CRC-24 (RFC 4880, 6.1) finds damage on the way; what protects is the signature alone.
    FOR i IN 0 .. length(content) - 1 LOOP
        crc := crc # (get_byte(content, i) << 16);
        FOR j IN 1 .. 8 LOOP
            crc := crc << 1;
            IF crc & 16777216 <> 0 THEN
                crc := crc # 25578747;
            END IF;
        END LOOP;
    END LOOP;
    RETURN CASE WHEN encode(decode(lpad(to_hex(crc), 6, '0'), 'hex'), 'base64') = substr(body[array_length(body, 1)], 2)
                THEN content END;
END $$;

-- The verdict about one detached signature over the data: 'good', or the reason.
-- Never raises. Callers must test for verdict = 'good'.
CREATE OR REPLACE FUNCTION fn_openpgp_check(
    p_signature bytea, p_data bytea, OUT fingerprint text, OUT primary_fingerprint text, OUT created timestamptz,
    OUT verdict text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    bytes bytea := p_signature;
    packet record;
    sig record;
    candidate record;
    proof record;
BEGIN
    IF p_signature IS NULL OR p_data IS NULL OR length(p_signature) = 0 THEN
        verdict := 'no signature';
        RETURN;
    END IF;
    IF length(p_signature) >= 65536 OR length(p_data) > 67108864 THEN
        verdict := 'too long';
        RETURN;
    END IF;
    IF get_byte(p_signature, 0) < 128 THEN
        bytes := cutter_governance.fn_openpgp_dearmour(p_signature);
        IF bytes IS NULL THEN
            verdict := 'malformed armour';
            RETURN;
        END IF;
    END IF;
    packet := cutter_governance.fn_openpgp_packet(bytes, 1);
    verdict := CASE WHEN packet.tag IS NULL THEN 'malformed packet' WHEN packet.tag <> 2 THEN 'not a signature'
                    WHEN packet.next_at <> length(bytes) + 1 THEN 'more than one packet' END;
    IF verdict IS NOT NULL THEN
        RETURN;
    END IF;
    sig := cutter_governance.fn_openpgp_signature(packet.body);
    -- Only types that are evaluated here may be critical;
    -- gpg lets more pass, which mean nothing in a signature of a document.
    verdict := CASE WHEN sig.refused IS NOT NULL THEN sig.refused
                    WHEN sig.kind <> 0 THEN 'unsupported type'
                    WHEN sig.hash NOT IN (8, 9, 10) THEN 'unsupported hash'
                    WHEN NOT sig.critical <@ ARRAY[2, 3, 16, 33] THEN 'unknown critical subpacket'
                    WHEN sig.created IS NULL THEN 'no creation time'
                    WHEN sig.issuer IS NULL AND sig.issuer_key_id IS NULL THEN 'no issuer'
                    WHEN right(coalesce(sig.issuer, sig.other_issuer), 16) <> sig.issuer_key_id
                      OR sig.issuer <> sig.other_issuer
                        THEN 'issuer mismatch' END;
    IF verdict IS NOT NULL THEN
        RETURN;
    END IF;
    verdict := 'no such key';
    -- Keys may share a key id: try each.
    FOR candidate IN
        SELECT k.fingerprint, k.primary_fingerprint, k.packet, k.key_created,
               (SELECT t.expires
                  FROM cutter_governance.signing_key_term t
                 WHERE t.fingerprint = k.fingerprint
                 ORDER BY t.signed_at DESC, t.expires LIMIT 1) AS expires,
               EXISTS (SELECT 1
                         FROM cutter_governance.signing_key_end e
                        WHERE e.fingerprint IN (k.fingerprint, k.primary_fingerprint)) AS withdrawn
          FROM cutter_governance.signing_key k
         WHERE CASE WHEN sig.issuer IS NOT NULL THEN k.fingerprint = sig.issuer
                    ELSE right(k.fingerprint, 16) = sig.issuer_key_id
                         AND k.fingerprint = coalesce(sig.other_issuer, k.fingerprint) END
         ORDER BY k.fingerprint LOOP
        proof := cutter_governance.fn_openpgp_proves(packet.body, candidate.packet, p_data);
        -- A row whose packet has another fingerprint is ignored.
        CONTINUE WHEN proof.fingerprint IS DISTINCT FROM candidate.fingerprint;
        verdict := proof.verdict;
        CONTINUE WHEN verdict IS DISTINCT FROM 'good';
        verdict := CASE WHEN candidate.withdrawn THEN 'key withdrawn'
                        WHEN to_timestamp(sig.created::double precision) < candidate.key_created
                            THEN 'made before the key'
                        WHEN candidate.key_created > clock_timestamp() THEN 'key from the future'
                        WHEN coalesce(candidate.expires <= clock_timestamp(), true) THEN 'key expired'
                        WHEN sig.expires_after > 0
                         AND to_timestamp((sig.created + sig.expires_after)::double precision) <= clock_timestamp()
                            THEN 'expired'
                        -- gpg adds in 32 bits, so that a larger sum is in the past.
                        WHEN sig.expires_after > 0 AND sig.created + sig.expires_after > 4294967295 THEN 'expired'
                        ELSE 'good' END;
        IF verdict = 'good' THEN
            fingerprint := candidate.fingerprint;
            primary_fingerprint := candidate.primary_fingerprint;
            created := to_timestamp(sig.created::double precision);
            RETURN;
        END IF;
    END LOOP;
END $$;

-- True if a signature about a key is by this key, over these data, in its term,
-- with no critical subpacket of an unknown type.
CREATE OR REPLACE FUNCTION fn_openpgp_vouches(p_signature bytea, p_key bytea, p_data bytea) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    sig record;
    key record;
BEGIN
    sig := cutter_governance.fn_openpgp_signature(p_signature);
    key := cutter_governance.fn_openpgp_key(p_key);
    -- Certifications by others are skipped before they cost time.
    -- A time in the future is no reason to skip: such a signature may take a flag away.
    IF sig.refused IS NOT NULL
       OR key.refused IS NOT NULL
       OR sig.created IS NULL
       OR coalesce(sig.issuer, key.fingerprint) <> key.fingerprint
       OR coalesce(sig.issuer_key_id, key.key_id) <> key.key_id
       OR NOT sig.critical <@ ARRAY[2, 3, 9, 11, 16, 21, 22, 25, 27, 30, 32, 33]
       OR to_timestamp(sig.created::double precision) < key.created
       OR sig.expires_after > 0
          AND to_timestamp((sig.created + sig.expires_after)::double precision) <= clock_timestamp() THEN
        RETURN false;
    END IF;
    RETURN (cutter_governance.fn_openpgp_proves(p_signature, p_key, p_data)).verdict = 'good';
END $$;

-- Pin the signing keys of one exported block (gpg --export --export-options export-minimal FINGERPRINT): the primary
-- key and its bound subkeys whose newest self-signatures have the flag to sign. All is verified from the bytes: the
-- fingerprint that the administrator names, user ids and bindings by the primary key, subkeys by their cross-signature.
-- One row per key: 'pinned', 'present', or why it was not pinned. Stricter than gpg: revocations count unverified;
-- self-signatures over SHA-1, primary keys of other algorithms and keys without flags are refused; of several user ids,
-- the shortest term and the common flags count. A pinned key stays pinned until fn_signing_key_end withdraws it,
-- also if a later export shows it revoked: the database learns of a revocation only from the administrator.
CREATE OR REPLACE FUNCTION fn_signing_key_pin(p_export bytea, p_primary_fingerprint text)
RETURNS TABLE (fingerprint text, verdict text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wanted text := upper(translate(p_primary_fingerprint, ' ', ''));
    pos integer := 1;
    packets integer := 0;
    packet record;
    sig record;
    key record;
    primary_packet bytea;
    primary_data bytea;
    primary_key record;
    -- Of the newest certifications of the user ids and attributes that stand,
    -- and of the newest direct signature of the key.
    named boolean := false;
    certified bigint;
    certified_flags integer;
    certified_term bigint;
    direct bigint;
    direct_flags integer;
    direct_term bigint;
    revoked boolean := false;
    -- The part that the next signatures are about: its tag and its hashed bytes.
    part integer;
    part_data bytea;
    user_best bigint[] := '{}';
    user_flags integer[] := '{}';
    user_term bigint[] := '{}';
    user_revoked boolean[] := '{}';
    user_named boolean[] := '{}';
    i_user integer := 0;
    -- The subkeys, kept until all is read, because a revocation of the primary key may come last.
    keys bytea[] := '{}';
    bound bigint[] := '{}';
    flags integer[] := '{}';
    terms bigint[] := '{}';
    crossed boolean[] := '{}';
    withdrawn boolean[] := '{}';
    i integer := 0;
    reason text;
    expires timestamptz;
BEGIN
    fingerprint := wanted;
    verdict := CASE WHEN p_export IS NULL OR length(p_export) = 0 THEN 'no key'
                    WHEN length(p_export) > 1048576 THEN 'too long'
                    WHEN wanted IS NULL OR wanted !~ '^[0-9A-F]{40}$' THEN 'not a fingerprint' END;
    WHILE verdict IS NULL AND pos <= length(p_export) LOOP
        packet := cutter_governance.fn_openpgp_packet(p_export, pos);
        packets := packets + 1;
        IF packet.tag IS NULL
           OR packet.tag NOT IN (2, 6, 12, 13, 14, 17)
           OR (packet.tag = 6) <> (packets = 1)
           OR packet.tag IN (13, 17) AND i > 0 THEN
            verdict := CASE WHEN packet.tag = 6 THEN 'more than one key'
                            WHEN packets = 1 THEN 'not a binary export of a public key'
                            ELSE 'malformed packet' END;
        ELSIF packet.tag = 6 THEN
            primary_packet := packet.body;
            primary_key := cutter_governance.fn_openpgp_key(primary_packet);
            verdict := CASE WHEN primary_key.refused IS NOT NULL THEN primary_key.refused
                            WHEN primary_key.fingerprint <> wanted THEN 'another key'
                            WHEN primary_key.algorithm = 22
                             AND NOT cutter_governance.fn_ed25519_sound(primary_key.point)
                                THEN 'unsound key' END;
            primary_data := decode('99' || lpad(to_hex(length(primary_packet)), 4, '0'), 'hex') || primary_packet;
            part := 6;
            part_data := primary_data;
        ELSIF packet.tag <> 2 AND packet.tag <> 12 THEN
            part := packet.tag;
            IF part IN (13, 17) THEN
                i_user := i_user + 1;
                user_best[i_user] := NULL;
                user_flags[i_user] := NULL;
                user_term[i_user] := NULL;
                user_revoked[i_user] := false;
                user_named[i_user] := part = 13;
                part_data := primary_data
                             || decode(CASE part WHEN 13 THEN 'b4' ELSE 'd1' END
                                       || lpad(to_hex(length(packet.body)), 8, '0'),
                                       'hex')
                             || packet.body;
            ELSIF part = 14 THEN
                i := i + 1;
                keys[i] := packet.body;
                flags[i] := 0;
                crossed[i] := false;
                withdrawn[i] := false;
                bound[i] := NULL;
                terms[i] := NULL;
                verdict := CASE WHEN i > 50 THEN 'too long'
                                WHEN length(packet.body) > 65535 THEN 'malformed packet' END;
                part_data := primary_data
                             || decode('99' || lpad(to_hex(length(packet.body)), 4, '0'), 'hex')
                             || packet.body;
            END IF;
        ELSIF packet.tag = 2 THEN
            sig := cutter_governance.fn_openpgp_signature(packet.body);
            -- A revocation counts in an older version too, where the type is the third octet.
            IF sig.kind IS NULL AND length(packet.body) > 2 THEN
                sig.kind := get_byte(packet.body, 2);
            END IF;
            CASE
                WHEN sig.kind = 32 THEN revoked := true;
                WHEN sig.kind = 40 AND part = 14 THEN withdrawn[i] := true;
                WHEN sig.kind = 48 AND part IN (13, 17) THEN user_revoked[i_user] := true;
                WHEN sig.kind = 31 AND part = 6 THEN
                    IF sig.created >= coalesce(direct, 0)
                       AND cutter_governance.fn_openpgp_vouches(packet.body, primary_packet, part_data) THEN
                        direct := sig.created; direct_flags := sig.key_flags; direct_term := sig.key_expires_after;
                    END IF;
                WHEN sig.kind BETWEEN 16 AND 19 AND part IN (13, 17) THEN
                    IF sig.created >= coalesce(user_best[i_user], 0)
                       AND cutter_governance.fn_openpgp_vouches(packet.body, primary_packet, part_data) THEN
                        user_best[i_user] := sig.created;
                        user_flags[i_user] := sig.key_flags;
                        user_term[i_user] := sig.key_expires_after;
                    END IF;
                WHEN sig.kind = 24 AND part = 14 THEN
                    IF sig.created >= coalesce(bound[i], 0)
                       AND cutter_governance.fn_openpgp_vouches(packet.body, primary_packet, part_data) THEN
                        bound[i] := sig.created;
                        flags[i] := coalesce(sig.key_flags, 0);
                        terms[i] := sig.key_expires_after;
                        crossed[i] := coalesce((cutter_governance.fn_openpgp_signature(sig.embedded)).kind = 25
                                               AND cutter_governance.fn_openpgp_vouches(
                                                   sig.embedded, keys[i], part_data),
                                               false);
                    END IF;
                -- gpg never exports a part's signature at another part; what it would say there is not guessed.
                WHEN sig.kind IN (16, 17, 18, 19, 24, 40, 48) THEN verdict := 'misplaced signature';
                ELSE NULL;
            END CASE;
        END IF;
        pos := packet.next_at;
        IF packets > 1000 THEN
            verdict := coalesce(verdict, 'too long');
        END IF;
    END LOOP;
    SELECT coalesce(bool_or(u.named), false), max(u.best), bit_and(u.flags), min(nullif(u.term, 0))
      INTO named, certified, certified_flags, certified_term
      FROM unnest(user_best, user_flags, user_term, user_revoked, user_named) u (best, flags, term, revoked, named)
     WHERE u.best IS NOT NULL
       AND NOT u.revoked;
    verdict := coalesce(verdict, CASE WHEN revoked THEN 'revoked' WHEN NOT named THEN 'no valid self-signature' END);
    IF verdict IS NOT NULL THEN
        RETURN NEXT;
        RETURN;
    END IF;
    FOR j IN 0 .. i LOOP
        key := cutter_governance.fn_openpgp_key(CASE WHEN j = 0 THEN primary_packet ELSE keys[j] END);
        fingerprint := key.fingerprint;
        IF j = 0 THEN
            reason := CASE WHEN certified_flags IS NULL OR certified_flags & coalesce(direct_flags, 2) & 2 = 0
                           THEN 'not a signing key' END;
        ELSE
            reason := CASE WHEN withdrawn[j] THEN 'revoked'
                           WHEN bound[j] IS NULL THEN 'no valid binding'
                           WHEN flags[j] & 2 = 0 THEN 'not a signing key'
                           WHEN key.refused IS NOT NULL THEN key.refused
                           WHEN NOT crossed[j] THEN 'not cross-certified'
                           WHEN key.algorithm = 22 AND NOT cutter_governance.fn_ed25519_sound(key.point)
                               THEN 'unsound key' END;
        END IF;
        IF reason IS NULL THEN
            -- A subkey expires with its primary key. NULL and 0 mean no expiration.
            SELECT coalesce(min(to_timestamp(t.at::double precision)), 'infinity') INTO expires
              FROM (VALUES (extract(epoch FROM primary_key.created) + nullif(certified_term, 0)),
                           (extract(epoch FROM primary_key.created) + nullif(direct_term, 0)),
                           (CASE WHEN j > 0 THEN extract(epoch FROM key.created) + nullif(terms[j], 0) END)) t (at);
            INSERT INTO cutter_governance.signing_key (fingerprint, primary_fingerprint, algorithm, packet, key_created)
            VALUES (key.fingerprint, primary_key.fingerprint, key.algorithm,
                    CASE WHEN j = 0 THEN primary_packet ELSE keys[j] END,
                    key.created)
            ON CONFLICT ON CONSTRAINT signing_key_pkey DO NOTHING;
            reason := CASE WHEN FOUND THEN 'pinned' ELSE 'present' END;
            IF (SELECT k.primary_fingerprint FROM cutter_governance.signing_key k WHERE k.fingerprint = key.fingerprint)
                <> primary_key.fingerprint THEN
                reason := 'pinned for another primary key';
            ELSE
                INSERT INTO cutter_governance.signing_key_term (fingerprint, signed_at, expires)
                VALUES (key.fingerprint,
                        to_timestamp(greatest(certified, direct, CASE WHEN j > 0 THEN bound[j] END)::double precision),
                        expires)
                ON CONFLICT ON CONSTRAINT signing_key_term_pkey DO NOTHING;
            END IF;
        END IF;
        verdict := reason;
        RETURN NEXT;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION fn_signing_key_end(p_fingerprint text, p_reason text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO cutter_governance.signing_key_end (fingerprint, reason)
    VALUES (upper(translate(p_fingerprint, ' ', '')), p_reason)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        PERFORM cutter_governance.fn_stop(
            'STOP_REPLAY_CONFLICT', 'CU004',
            format('key %s is withdrawn already', upper(translate(p_fingerprint, ' ', ''))),
            'See: cutter-console policy show');
    END IF;
END $$;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['cutter_governance.signing_key', 'cutter_governance.signing_key_term',
                             'cutter_governance.signing_key_end'] LOOP
        EXECUTE format(
            'CREATE OR REPLACE TRIGGER guard_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION cutter_governance.guard_refuse(%L)',
            t, 'the ledger is append-only');
        EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER guard_append_only', t);
    END LOOP;
END $$;

REVOKE ALL ON signing_key, signing_key_term, signing_key_end FROM PUBLIC;
REVOKE ALL ON FUNCTION fn_openpgp_number(bytea), fn_openpgp_reverse(bytea), fn_sha1(bytea), fn_ed25519_power(numeric),
    fn_ed25519_point(bytea), fn_ed25519_sum(numeric, numeric, numeric[]), fn_ed25519_sound(bytea),
    fn_ed25519_verify(bytea, bytea, bytea), fn_rsa_power(numeric, bigint, numeric),
    fn_rsa_verify(numeric, bigint, integer, integer, bytea, numeric), fn_openpgp_packet(bytea, integer),
    fn_openpgp_mpi(bytea, integer), fn_openpgp_key(bytea), fn_openpgp_signature(bytea),
    fn_openpgp_proves(bytea, bytea, bytea), fn_openpgp_dearmour(bytea), fn_openpgp_check(bytea, bytea),
    fn_openpgp_vouches(bytea, bytea, bytea), fn_signing_key_pin(bytea, text),
    fn_signing_key_end(text, text) FROM PUBLIC;
GRANT SELECT ON signing_key, signing_key_term, signing_key_end TO cutter_exec, cutter_verify, cutter_ro;
GRANT EXECUTE ON FUNCTION fn_openpgp_check(bytea, bytea) TO cutter_exec, cutter_verify, cutter_ro;
