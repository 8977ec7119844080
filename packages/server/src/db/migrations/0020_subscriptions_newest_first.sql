-- Lists of subscriptions are read newest first, from either side. The other indexes are in the order of members.
create index subscription_of_object on subscription (object_id, workspace_id, id);
create index subscription_of_subscriber on subscription (subscriber_id, workspace_id, id);
