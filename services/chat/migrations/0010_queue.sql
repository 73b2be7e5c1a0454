-- The queue says itself whether it knows a job (libs/common/data/jobq.h): nothing is noted here.
alter table jobs drop column enqueued_at;
