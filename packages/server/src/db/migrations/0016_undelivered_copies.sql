-- The copies of a mail (cc, bcc, extra addresses) that its server put off, while everybody else has it: addresses that are
-- tried again under the message's lease and next_attempt_at, whatever its status. Null for every other message.
alter table message add column undelivered json;
