"""Requests of Kafka's protocol for which aiokafka 0.14 has no class: features, quorum, log folders.

The schemas are those of https://kafka.apache.org/protocol.
"""

from io import BytesIO

from aiokafka.protocol.api import Request, RequestStruct, Response, ResponseHeader_v0
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)
from typing_extensions import override

_TAGS = ("tags", TaggedFields)
_TEXT = CompactString("utf-8")
_METADATA = "__cluster_metadata"


FEATURES = CompactArray(("name", _TEXT), ("max", Int16), ("min", Int16), _TAGS)
"""The field of `FEATURES_TAG` in an answer to `DescribeFeatures`."""
FEATURES_TAG = 2


class _FeaturesAnswer(Response):
    API_KEY, API_VERSION = 18, 3
    SCHEMA = Schema(
        ("error_code", Int16),
        ("keys", CompactArray(("key", Int16), ("min", Int16), ("max", Int16), _TAGS)),
        ("throttle_time_ms", Int32),
        _TAGS,
    )


class _FeaturesRequest(RequestStruct):
    API_KEY, API_VERSION, FLEXIBLE_VERSION = 18, 3, True
    RESPONSE_TYPE = _FeaturesAnswer
    SCHEMA = Schema(("name", _TEXT), ("version", _TEXT), _TAGS)

    @override
    def parse_response_header(self, read_buffer: BytesIO | bytes) -> ResponseHeader_v0:
        return ResponseHeader_v0.decode(read_buffer)  # of this answer alone in every version


class DescribeFeatures(Request[_FeaturesRequest]):
    """ApiVersions version 3: the answer's tags have the features of the cluster."""

    API_KEY = 18

    @override
    def build(self, request_struct_class: type[_FeaturesRequest]) -> _FeaturesRequest:
        return request_struct_class("cuiban", "1", {})


class _LogDirsAnswer(Response):
    API_KEY, API_VERSION = 35, 4
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        (
            "results",
            CompactArray(
                ("error_code", Int16),
                ("path", _TEXT),
                (
                    "topics",
                    CompactArray(
                        ("name", _TEXT),
                        (
                            "partitions",
                            CompactArray(
                                ("index", Int32),
                                ("size", Int64),
                                ("lag", Int64),
                                ("future", Boolean),
                                _TAGS,
                            ),
                        ),
                        _TAGS,
                    ),
                ),
                ("total", Int64),
                ("usable", Int64),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _LogDirsRequest(RequestStruct):
    API_KEY, API_VERSION, FLEXIBLE_VERSION = 35, 4, True
    RESPONSE_TYPE = _LogDirsAnswer
    SCHEMA = Schema(
        ("topics", CompactArray(("name", _TEXT), ("partitions", CompactArray(Int32)), _TAGS)), _TAGS
    )


class DescribeLogDirs(Request[_LogDirsRequest]):
    """Of no topic: the folders alone."""

    API_KEY = 35

    @override
    def build(self, request_struct_class: type[_LogDirsRequest]) -> _LogDirsRequest:
        return request_struct_class([], {})


_REPLICAS = CompactArray(
    ("id", Int32), ("end", Int64), ("fetched_at", Int64), ("caught_up_at", Int64), _TAGS
)


class _QuorumAnswer(Response):
    API_KEY, API_VERSION = 55, 1
    SCHEMA = Schema(
        ("error_code", Int16),
        (
            "topics",
            CompactArray(
                ("name", _TEXT),
                (
                    "partitions",
                    CompactArray(
                        ("index", Int32),
                        ("error_code", Int16),
                        ("leader", Int32),
                        ("epoch", Int32),
                        ("high_watermark", Int64),
                        ("voters", _REPLICAS),
                        ("observers", _REPLICAS),
                        _TAGS,
                    ),
                ),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _QuorumRequest(RequestStruct):
    API_KEY, API_VERSION, FLEXIBLE_VERSION = 55, 1, True
    RESPONSE_TYPE = _QuorumAnswer
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("name", _TEXT), ("partitions", CompactArray(("index", Int32), _TAGS)), _TAGS
            ),
        ),
        _TAGS,
    )


class DescribeQuorum(Request[_QuorumRequest]):
    """The voters of the controllers, with what the leader knows of them."""

    API_KEY = 55

    @override
    def build(self, request_struct_class: type[_QuorumRequest]) -> _QuorumRequest:
        return request_struct_class([(_METADATA, [(0, {})], {})], {})
