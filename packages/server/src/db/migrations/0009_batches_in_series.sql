-- How many triggers an item of a batch stands for: what an earlier batch of the same run did not retain counts too.
alter table batch_item add weight int not null default 1;
