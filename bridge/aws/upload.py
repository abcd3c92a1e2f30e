"""Bodies on their way into S3: sent as the bytes they are, a large one in parts, several at a time."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import structlog
from zlib_ng.zlib_ng import crc32

from bridge.aws.faults import FAULTS, classify
from bridge.large_text import LargeText

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

MOST_IN_ONE = 16 * 1024 * 1024
"""Bytes of a body that goes up in one request; what is larger goes in parts."""
PART = 5 * 1024 * 1024
"""Bytes of a part: the least that S3 takes, the last part apart, for each is in memory."""
AT_ONCE = 4
"""Parts of a body under way at a time."""

log = structlog.get_logger(__name__)


def whole(params: dict[str, Any], **_given: Any) -> None:
    """Botocore's `before-call`: a body of bytes is sent as it is, with its checksum before it.

    Botocore makes a file of it, which is read and sent 16 KiB at a time; over TLS in chunks besides, with the
    checksum behind them, and each is cut off by copying what is left. S3 compares either checksum. CRC32 is
    zlib-ng's, for a quarter of the CPU that zlib's takes.
    """
    body = params["body"]
    if not isinstance(body, io.BytesIO):
        return
    params["body"] = raw = body.getvalue()
    algorithm = params["context"].get("checksum", {}).get("request_algorithm")
    if isinstance(algorithm, dict):
        algorithm["in"] = "header"
        if algorithm["algorithm"] == "crc32":  # else botocore makes it
            params["headers"][algorithm["name"]] = b64encode(crc32(raw).to_bytes(4, "big")).decode()


def in_parts(s3: S3Client, body: LargeText, request: Mapping[str, Any]) -> None:
    """Puts an object in parts; `request` is what PutObject would be told beside the body.

    Raises what boto3 raises (`faults.FAULTS`), and leaves nothing behind then as far as S3 lets it.
    """
    # Of parts with CRC32 S3 makes the whole's, which whoever gets the object can compare.
    checksum = {"ChecksumType": "FULL_OBJECT"} if "ChecksumAlgorithm" not in request else {}
    made = s3.create_multipart_upload(**{"ChecksumAlgorithm": "CRC32", **checksum, **request})
    names = {"Bucket", "Key", "ExpectedBucketOwner"} & request.keys()
    upload = {"UploadId": made["UploadId"], **{name: request[name] for name in names}}
    told = {"ChecksumAlgorithm": request.get("ChecksumAlgorithm", "CRC32")}
    try:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="parts") as pool:
            parts = list(_uploaded(s3, body, {**upload, **told}, pool))
        s3.complete_multipart_upload(
            **upload, MultipartUpload={"Parts": sorted(parts, key=lambda part: part["PartNumber"])}
        )
    except BaseException:
        _abort(s3, upload)
        raise


def _uploaded(
    s3: S3Client, body: LargeText, upload: Mapping[str, Any], pool: ThreadPoolExecutor
) -> Iterator[CompletedPartTypeDef]:
    """Uploads the parts; none is made that can't be under way at once, and none after one that failed."""

    def put(number: int, part: bytes) -> CompletedPartTypeDef:
        answer = s3.upload_part(**upload, PartNumber=number, Body=part)
        checksums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
        return {"PartNumber": number, "ETag": answer["ETag"], **checksums}  # type: ignore[typeddict-item]

    under_way: set[Future[CompletedPartTypeDef]] = set()
    for number, part in enumerate(body.parts(PART), 1):
        under_way.add(pool.submit(put, number, part))
        if len(under_way) == AT_ONCE:
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            yield from (each.result() for each in done)
    yield from (each.result() for each in under_way)


def _abort(s3: S3Client, upload: Mapping[str, Any]) -> None:
    try:
        s3.abort_multipart_upload(**upload)
    except FAULTS as error:
        reason = classify(error, f"s3://{upload['Bucket']}").reason
        log.warning(
            "upload_not_aborted", key=upload["Key"], reason=reason
        )  # the bucket's life cycle removes it
