-- What is kept of a series of rounds while its steps are compared, one after the other (change.sql, changestep.sql).

-- What can become of a name from one round to the next. Each name is in exactly one line of these.
--   among    of which names it is a share: answered, those in both rounds whose look-up was answered in both; both, those in both rounds;
--            either, those in one or both
--   altered  there is another set, or one where there was none, or none where there was one, at a name that goes on to exist or not
CREATE OR REPLACE TABLE change_words AS FROM (VALUES
    (1, 'adopted, own set', 'answered', true, 'no set then; now one at the name itself'),
    (2, 'adopted, by alias', 'answered', true, 'no set then; now one at the end of an alias of the name'),
    (3, 'adopted, inherited', 'answered', true, 'no set then; now one above the name'),
    (4, 'removed, own set', 'answered', true, 'then a set at the name itself; now none at all'),
    (5, 'removed, by alias', 'answered', true, 'then a set at the end of an alias; now none at all'),
    (6, 'removed, inherited', 'answered', true, 'then a set above the name; now none at all'),
    (7, 'changed issuers', 'answered', true, 'another set, by which others may issue certificates of some kind'),
    (8, 'changed otherwise', 'answered', true, 'another set, by which the same may issue: iodef, flags, parameters, contacts'),
    (9, 'same set elsewhere', 'answered', false, 'the same set, but it stands at the name and did not, or the reverse'),
    (10, 'ceased to exist', 'answered', false, 'existed then; now NXDOMAIN, whatever is inherited'),
    (11, 'came to exist', 'answered', false, 'NXDOMAIN then; exists now, whatever it has'),
    (12, 'not compared', 'answered', false, 'a set both times, but a scan has not kept which'),
    (13, 'unchanged', 'answered', false, 'the same set in the same place, or none both times'),
    (14, 'became bogus', 'both', false, 'answered then; now validation fails'),
    (15, 'failed now', 'both', false, 'answered then; now the look-up fails, or is not made'),
    (16, 'no longer bogus', 'both', false, 'validation failed then; answered now'),
    (17, 'failed then', 'both', false, 'the look-up failed then, or was not made; answered now'),
    (18, 'failed both times', 'both', false, 'nothing is known'),
    (19, 'appeared', 'either', false, 'not in the list then'),
    (20, 'vanished', 'either', false, 'not in the list now')
) AS w(place, change, among, altered, meaning);

-- One row for every round.
CREATE OR REPLACE TABLE change_rounds (
    round INTEGER, names BIGINT, answered BIGINT, covered BIGINT, own BIGINT, issuemail BIGINT, tls_restricted BIGINT,
    secure BIGINT, insecure BIGINT, bogus BIGINT
);

-- The names of every step by what became of them; round is the later one.
CREATE OR REPLACE TABLE change_steps (round INTEGER, change VARCHAR, names BIGINT);

-- What the steps together brought to operators. A name that moved has changed under the operator that it moved to.
CREATE OR REPLACE TABLE change_churn (
    dns_operator VARCHAR, arrived BIGINT, "left" BIGINT, appeared BIGINT, vanished BIGINT, adopted BIGINT, removed BIGINT, changed BIGINT
);
