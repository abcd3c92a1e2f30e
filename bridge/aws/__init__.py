"""Everything of AWS: the only package that imports boto3.

session      clients with time-outs, retries, endpoints and checksums set on purpose
faults       whose fault an error of AWS's is, and what to say about it
batching     messages cut into requests (pure)
delivery     one unit of messages through a batch call, and each one's outcome
storage      S3 with the bucket's owner named and the size looked at first
extended     the extended clients' own packages: the only module that imports them
offload      bodies kept in S3, pointers followed into allowed buckets only
sns, sqs     the sinks and the source
dead_letters messages set aside, two objects a letter
secrets      a secret's text
"""
