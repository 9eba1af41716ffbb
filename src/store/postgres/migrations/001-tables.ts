/**
 * Schema 1, the tables: doc/adr/0002 says what each holds. Plain SQL that any database which speaks PostgreSQL's dialect may understand; what is
 * PostgreSQL's alone stands in the next migration.
 *
 * Text that is sorted or searched by prefix has the collation "C", the order of its octets. Records are `json`, not `jsonb`: they may hold
 * what jsonb refuses (a NUL or half a surrogate pair, escaped, in a subject line), and for the same reason nothing is ever taken out of one in SQL:
 * what is looked at has a column.
 */
export const tables = `
create table meta (name text primary key, value text not null);
create sequence seq as bigint;
create table turns (taken boolean);
create table nodes (id text primary key, seen_at timestamptz not null);
create table leases (name text primary key, holder text not null);
create table counts (name text, slot integer, hour bigint, value bigint not null, primary key (name, hour, slot));

create table addresses (
  key text collate "C" primary key,
  domain text collate "C" not null,
  blocked_since bigint,
  blocked_until bigint,
  category text collate "C",
  suspect_at bigint,
  changed_seq bigint not null,
  block json,
  data json not null
);
create index addresses_blocked on addresses (blocked_since desc, key desc) where blocked_since is not null;
create index addresses_category on addresses (category, blocked_since desc, key desc) where blocked_since is not null;
create index addresses_domain on addresses (domain, blocked_since desc, key desc) where blocked_since is not null;
create index addresses_until on addresses (blocked_until) where blocked_until is not null;
create index addresses_suspect on addresses (suspect_at desc, key desc) where suspect_at is not null;

create table messages (
  id text collate "C" primary key,
  seq bigint not null,
  header_message_id text collate "C",
  senders text[] not null,
  data json not null
);
create index messages_header on messages (header_message_id, id desc) where header_message_id is not null;
create table message_outcomes (
  id text collate "C" primary key,
  outcome text collate "C" not null,
  at bigint not null,
  upstream_id text collate "C",
  data json not null
);
create index message_outcomes_upstream on message_outcomes (upstream_id, id desc) where upstream_id is not null;
create table message_recipients (
  domain text collate "C",
  local text collate "C",
  id text collate "C",
  seq bigint not null,
  relayed boolean not null,
  primary key (domain, local, id)
);

create table bounces (
  id text collate "C" primary key,
  received_at bigint not null,
  key text collate "C" not null,
  domain text collate "C" not null,
  category text collate "C" not null,
  type text collate "C" not null,
  list text collate "C",
  data json not null
);
create index bounces_time on bounces (received_at desc, id desc);
create index bounces_key on bounces (key, received_at desc, id desc);
create index bounces_domain on bounces (domain, received_at desc, id desc);
create index bounces_category on bounces (category, received_at desc, id desc);
create index bounces_type on bounces (type, received_at desc, id desc);
create index bounces_list on bounces (list, received_at desc, id desc) where list is not null;

create table reports (
  id text collate "C" primary key,
  message_id text collate "C" not null,
  size bigint not null,
  pending boolean not null,
  holder text,
  data json not null
);
create index reports_message on reports (message_id, id);
create index reports_pending on reports (id) where pending;
create table report_octets (id text collate "C" primary key, raw bytea not null);

create table outbox (
  id text collate "C" primary key,
  due_at bigint not null,
  dead_at bigint,
  holder text,
  data json not null
);
create index outbox_due on outbox (due_at, id) where dead_at is null;
create index outbox_dead on outbox (dead_at desc, id desc) where dead_at is not null;

create table deliveries (
  endpoint text collate "C",
  id text collate "C",
  at bigint not null,
  due_at bigint not null,
  state text not null,
  holder text,
  data json not null,
  primary key (endpoint, id)
);
create index deliveries_due on deliveries (endpoint, due_at, id) where state = 'waiting';
create table endpoint_stops (endpoint text primary key, data json not null);

create table feed_waiting (place bigint generated always as identity primary key, at bigint not null, data json not null);
create table feed (n bigint primary key, at bigint not null, data json not null);
create table feed_end (newest bigint not null);
insert into feed_end values (0);

create table audit (
  seq bigint,
  n integer,
  at bigint not null,
  key text collate "C",
  op text not null,
  actor text not null,
  by_whom text,
  data json not null,
  primary key (seq, n)
);
create index audit_key on audit (key, seq desc, n desc) where key is not null;

create table tallies (
  scope text collate "C",
  hour bigint,
  counter text collate "C",
  slot integer,
  value bigint not null,
  primary key (scope, hour, counter, slot)
);
create index tallies_domains on tallies (hour, scope) where scope like '@%';
create table lists (
  scope text collate "C",
  slot integer,
  first_at bigint not null,
  last_at bigint not null,
  seen boolean not null,
  data json not null,
  primary key (scope, slot)
);

create table surge_windows (operator text collate "C" primary key, data json not null);
create table incidents (id text collate "C" primary key, open boolean not null, data json not null);
create index incidents_open on incidents (id) where open;
create table incident_members (member_of text collate "C", bounce_id text collate "C", primary key (member_of, bounce_id));
`
