-- All versions that have a content, in the order of their commits, in place of the first and the last: which of two
-- approved contents came before the live version is told by those between.
alter table template_approval add version_nos int[] not null default '{}';
update template_approval
   set version_nos = array(select distinct no from unnest(array[first_version_no, version_no]) as no
                            where no is not null order by no);
alter table template_approval drop first_version_no, drop version_no;
