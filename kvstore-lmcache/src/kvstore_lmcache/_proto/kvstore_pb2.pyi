from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PutStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PUT_STATUS_UNSPECIFIED: _ClassVar[PutStatus]
    PUT_STATUS_STORED: _ClassVar[PutStatus]
    PUT_STATUS_ALREADY_STORED: _ClassVar[PutStatus]
    PUT_STATUS_SHED: _ClassVar[PutStatus]
    PUT_STATUS_REJECTED: _ClassVar[PutStatus]

class PutReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PUT_REASON_UNSPECIFIED: _ClassVar[PutReason]
    PUT_REASON_NO_MEMORY: _ClassVar[PutReason]
    PUT_REASON_NO_SPACE: _ClassVar[PutReason]
    PUT_REASON_IO_ERROR: _ClassVar[PutReason]
    PUT_REASON_CONCURRENT_PUT: _ClassVar[PutReason]
    PUT_REASON_STOPPING: _ClassVar[PutReason]
    PUT_REASON_BAD_KEY: _ClassVar[PutReason]
    PUT_REASON_BAD_LENGTH: _ClassVar[PutReason]
    PUT_REASON_TRUNCATED: _ClassVar[PutReason]
    PUT_REASON_DEADLINE: _ClassVar[PutReason]
    PUT_REASON_REGION_GONE: _ClassVar[PutReason]
    PUT_REASON_OVERLOADED: _ClassVar[PutReason]
    PUT_REASON_UNAVAILABLE: _ClassVar[PutReason]
    PUT_REASON_IO_TIMEOUT: _ClassVar[PutReason]
    PUT_REASON_OVER_QUOTA: _ClassVar[PutReason]
    PUT_REASON_TENANT_BUSY: _ClassVar[PutReason]

class GetStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GET_STATUS_UNSPECIFIED: _ClassVar[GetStatus]
    GET_STATUS_HIT: _ClassVar[GetStatus]
    GET_STATUS_MISS: _ClassVar[GetStatus]

class MissReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MISS_REASON_UNSPECIFIED: _ClassVar[MissReason]
    MISS_REASON_ABSENT: _ClassVar[MissReason]
    MISS_REASON_OTHER_LENGTH: _ClassVar[MissReason]
    MISS_REASON_CORRUPT: _ClassVar[MissReason]
    MISS_REASON_IO_ERROR: _ClassVar[MissReason]
    MISS_REASON_IN_FLIGHT: _ClassVar[MissReason]
    MISS_REASON_NO_MEMORY: _ClassVar[MissReason]
    MISS_REASON_DEADLINE: _ClassVar[MissReason]
    MISS_REASON_REGION_GONE: _ClassVar[MissReason]
    MISS_REASON_OVERLOADED: _ClassVar[MissReason]
    MISS_REASON_UNAVAILABLE: _ClassVar[MissReason]
    MISS_REASON_IO_TIMEOUT: _ClassVar[MissReason]
    MISS_REASON_TENANT_BUSY: _ClassVar[MissReason]

class HashAlgorithm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HASH_ALGORITHM_UNSPECIFIED: _ClassVar[HashAlgorithm]
    HASH_ALGORITHM_BLAKE3: _ClassVar[HashAlgorithm]
    HASH_ALGORITHM_SHA256_CBOR: _ClassVar[HashAlgorithm]
    HASH_ALGORITHM_SHA256_CBOR_64BIT: _ClassVar[HashAlgorithm]
    HASH_ALGORITHM_BUILTIN: _ClassVar[HashAlgorithm]

class HashEra(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HASH_ERA_UNSPECIFIED: _ClassVar[HashEra]
    HASH_ERA_NONE: _ClassVar[HashEra]
    HASH_ERA_EMPTY: _ClassVar[HashEra]
    HASH_ERA_FOLDED: _ClassVar[HashEra]
PUT_STATUS_UNSPECIFIED: PutStatus
PUT_STATUS_STORED: PutStatus
PUT_STATUS_ALREADY_STORED: PutStatus
PUT_STATUS_SHED: PutStatus
PUT_STATUS_REJECTED: PutStatus
PUT_REASON_UNSPECIFIED: PutReason
PUT_REASON_NO_MEMORY: PutReason
PUT_REASON_NO_SPACE: PutReason
PUT_REASON_IO_ERROR: PutReason
PUT_REASON_CONCURRENT_PUT: PutReason
PUT_REASON_STOPPING: PutReason
PUT_REASON_BAD_KEY: PutReason
PUT_REASON_BAD_LENGTH: PutReason
PUT_REASON_TRUNCATED: PutReason
PUT_REASON_DEADLINE: PutReason
PUT_REASON_REGION_GONE: PutReason
PUT_REASON_OVERLOADED: PutReason
PUT_REASON_UNAVAILABLE: PutReason
PUT_REASON_IO_TIMEOUT: PutReason
PUT_REASON_OVER_QUOTA: PutReason
PUT_REASON_TENANT_BUSY: PutReason
GET_STATUS_UNSPECIFIED: GetStatus
GET_STATUS_HIT: GetStatus
GET_STATUS_MISS: GetStatus
MISS_REASON_UNSPECIFIED: MissReason
MISS_REASON_ABSENT: MissReason
MISS_REASON_OTHER_LENGTH: MissReason
MISS_REASON_CORRUPT: MissReason
MISS_REASON_IO_ERROR: MissReason
MISS_REASON_IN_FLIGHT: MissReason
MISS_REASON_NO_MEMORY: MissReason
MISS_REASON_DEADLINE: MissReason
MISS_REASON_REGION_GONE: MissReason
MISS_REASON_OVERLOADED: MissReason
MISS_REASON_UNAVAILABLE: MissReason
MISS_REASON_IO_TIMEOUT: MissReason
MISS_REASON_TENANT_BUSY: MissReason
HASH_ALGORITHM_UNSPECIFIED: HashAlgorithm
HASH_ALGORITHM_BLAKE3: HashAlgorithm
HASH_ALGORITHM_SHA256_CBOR: HashAlgorithm
HASH_ALGORITHM_SHA256_CBOR_64BIT: HashAlgorithm
HASH_ALGORITHM_BUILTIN: HashAlgorithm
HASH_ERA_UNSPECIFIED: HashEra
HASH_ERA_NONE: HashEra
HASH_ERA_EMPTY: HashEra
HASH_ERA_FOLDED: HashEra

class HelloRequest(_message.Message):
    __slots__ = ("client_name", "wire_versions", "hash_checks")
    CLIENT_NAME_FIELD_NUMBER: _ClassVar[int]
    WIRE_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    HASH_CHECKS_FIELD_NUMBER: _ClassVar[int]
    client_name: str
    wire_versions: _containers.RepeatedScalarFieldContainer[int]
    hash_checks: _containers.RepeatedCompositeFieldContainer[HashCheck]
    def __init__(self, client_name: _Optional[str] = ..., wire_versions: _Optional[_Iterable[int]] = ..., hash_checks: _Optional[_Iterable[_Union[HashCheck, _Mapping]]] = ...) -> None: ...

class HelloResponse(_message.Message):
    __slots__ = ("wire_version", "server_version", "node", "pool", "epoch", "limits", "io_path", "region_socket", "hash_checks", "gpu_path", "gpu_reason", "tenant", "gpus")
    WIRE_VERSION_FIELD_NUMBER: _ClassVar[int]
    SERVER_VERSION_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    POOL_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    IO_PATH_FIELD_NUMBER: _ClassVar[int]
    REGION_SOCKET_FIELD_NUMBER: _ClassVar[int]
    HASH_CHECKS_FIELD_NUMBER: _ClassVar[int]
    GPU_PATH_FIELD_NUMBER: _ClassVar[int]
    GPU_REASON_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    GPUS_FIELD_NUMBER: _ClassVar[int]
    wire_version: int
    server_version: str
    node: str
    pool: str
    epoch: int
    limits: Limits
    io_path: str
    region_socket: str
    hash_checks: _containers.RepeatedCompositeFieldContainer[HashCheckResult]
    gpu_path: str
    gpu_reason: str
    tenant: str
    gpus: _containers.RepeatedCompositeFieldContainer[Gpu]
    def __init__(self, wire_version: _Optional[int] = ..., server_version: _Optional[str] = ..., node: _Optional[str] = ..., pool: _Optional[str] = ..., epoch: _Optional[int] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., io_path: _Optional[str] = ..., region_socket: _Optional[str] = ..., hash_checks: _Optional[_Iterable[_Union[HashCheckResult, _Mapping]]] = ..., gpu_path: _Optional[str] = ..., gpu_reason: _Optional[str] = ..., tenant: _Optional[str] = ..., gpus: _Optional[_Iterable[_Union[Gpu, _Mapping]]] = ...) -> None: ...

class Gpu(_message.Message):
    __slots__ = ("uuid", "name", "memory_bytes")
    UUID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    uuid: bytes
    name: str
    memory_bytes: int
    def __init__(self, uuid: _Optional[bytes] = ..., name: _Optional[str] = ..., memory_bytes: _Optional[int] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("key_bytes", "value_bytes", "keys", "frame_bytes", "lease_millis", "tokens")
    KEY_BYTES_FIELD_NUMBER: _ClassVar[int]
    VALUE_BYTES_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    FRAME_BYTES_FIELD_NUMBER: _ClassVar[int]
    LEASE_MILLIS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    key_bytes: int
    value_bytes: int
    keys: int
    frame_bytes: int
    lease_millis: int
    tokens: int
    def __init__(self, key_bytes: _Optional[int] = ..., value_bytes: _Optional[int] = ..., keys: _Optional[int] = ..., frame_bytes: _Optional[int] = ..., lease_millis: _Optional[int] = ..., tokens: _Optional[int] = ...) -> None: ...

class LookupRequest(_message.Message):
    __slots__ = ("keys", "lease_millis", "client_id")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    LEASE_MILLIS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedScalarFieldContainer[bytes]
    lease_millis: int
    client_id: str
    def __init__(self, keys: _Optional[_Iterable[bytes]] = ..., lease_millis: _Optional[int] = ..., client_id: _Optional[str] = ...) -> None: ...

class LookupResponse(_message.Message):
    __slots__ = ("found", "sizes", "leading_hits", "lease_id", "lease_millis")
    FOUND_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    LEADING_HITS_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    LEASE_MILLIS_FIELD_NUMBER: _ClassVar[int]
    found: bytes
    sizes: _containers.RepeatedScalarFieldContainer[int]
    leading_hits: int
    lease_id: int
    lease_millis: int
    def __init__(self, found: _Optional[bytes] = ..., sizes: _Optional[_Iterable[int]] = ..., leading_hits: _Optional[int] = ..., lease_id: _Optional[int] = ..., lease_millis: _Optional[int] = ...) -> None: ...

class PutRequest(_message.Message):
    __slots__ = ("begin", "data")
    BEGIN_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    begin: PutBegin
    data: bytes
    def __init__(self, begin: _Optional[_Union[PutBegin, _Mapping]] = ..., data: _Optional[bytes] = ...) -> None: ...

class PutBegin(_message.Message):
    __slots__ = ("key", "length", "client_id")
    KEY_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    key: bytes
    length: int
    client_id: str
    def __init__(self, key: _Optional[bytes] = ..., length: _Optional[int] = ..., client_id: _Optional[str] = ...) -> None: ...

class PutResponse(_message.Message):
    __slots__ = ("index", "status", "reason", "message")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    index: int
    status: PutStatus
    reason: PutReason
    message: str
    def __init__(self, index: _Optional[int] = ..., status: _Optional[_Union[PutStatus, str]] = ..., reason: _Optional[_Union[PutReason, str]] = ..., message: _Optional[str] = ...) -> None: ...

class GetRequest(_message.Message):
    __slots__ = ("keys", "expected_lengths")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_LENGTHS_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedScalarFieldContainer[bytes]
    expected_lengths: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, keys: _Optional[_Iterable[bytes]] = ..., expected_lengths: _Optional[_Iterable[int]] = ...) -> None: ...

class GetResponse(_message.Message):
    __slots__ = ("index", "length", "data", "status", "reason")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    index: int
    length: int
    data: bytes
    status: GetStatus
    reason: MissReason
    def __init__(self, index: _Optional[int] = ..., length: _Optional[int] = ..., data: _Optional[bytes] = ..., status: _Optional[_Union[GetStatus, str]] = ..., reason: _Optional[_Union[MissReason, str]] = ...) -> None: ...

class DeleteRequest(_message.Message):
    __slots__ = ("keys",)
    KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, keys: _Optional[_Iterable[bytes]] = ...) -> None: ...

class DeleteResponse(_message.Message):
    __slots__ = ("deleted",)
    DELETED_FIELD_NUMBER: _ClassVar[int]
    deleted: bytes
    def __init__(self, deleted: _Optional[bytes] = ...) -> None: ...

class ReleaseRequest(_message.Message):
    __slots__ = ("lease_ids",)
    LEASE_IDS_FIELD_NUMBER: _ClassVar[int]
    lease_ids: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, lease_ids: _Optional[_Iterable[int]] = ...) -> None: ...

class ReleaseResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RegisterRegionRequest(_message.Message):
    __slots__ = ("ticket", "size_bytes")
    TICKET_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    ticket: bytes
    size_bytes: int
    def __init__(self, ticket: _Optional[bytes] = ..., size_bytes: _Optional[int] = ...) -> None: ...

class RegisterRegionResponse(_message.Message):
    __slots__ = ("region_id",)
    REGION_ID_FIELD_NUMBER: _ClassVar[int]
    region_id: int
    def __init__(self, region_id: _Optional[int] = ...) -> None: ...

class StoreFromRequest(_message.Message):
    __slots__ = ("region_id", "items", "client_id", "timeout_millis")
    REGION_ID_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MILLIS_FIELD_NUMBER: _ClassVar[int]
    region_id: int
    items: _containers.RepeatedCompositeFieldContainer[RegionItem]
    client_id: str
    timeout_millis: int
    def __init__(self, region_id: _Optional[int] = ..., items: _Optional[_Iterable[_Union[RegionItem, _Mapping]]] = ..., client_id: _Optional[str] = ..., timeout_millis: _Optional[int] = ...) -> None: ...

class LoadIntoRequest(_message.Message):
    __slots__ = ("region_id", "items", "timeout_millis")
    REGION_ID_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_MILLIS_FIELD_NUMBER: _ClassVar[int]
    region_id: int
    items: _containers.RepeatedCompositeFieldContainer[RegionItem]
    timeout_millis: int
    def __init__(self, region_id: _Optional[int] = ..., items: _Optional[_Iterable[_Union[RegionItem, _Mapping]]] = ..., timeout_millis: _Optional[int] = ...) -> None: ...

class RegionItem(_message.Message):
    __slots__ = ("key", "offset", "length")
    KEY_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    LENGTH_FIELD_NUMBER: _ClassVar[int]
    key: bytes
    offset: int
    length: int
    def __init__(self, key: _Optional[bytes] = ..., offset: _Optional[int] = ..., length: _Optional[int] = ...) -> None: ...

class StoreResult(_message.Message):
    __slots__ = ("index", "status", "reason", "message")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    index: int
    status: PutStatus
    reason: PutReason
    message: str
    def __init__(self, index: _Optional[int] = ..., status: _Optional[_Union[PutStatus, str]] = ..., reason: _Optional[_Union[PutReason, str]] = ..., message: _Optional[str] = ...) -> None: ...

class LoadResult(_message.Message):
    __slots__ = ("index", "status", "reason")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    index: int
    status: GetStatus
    reason: MissReason
    def __init__(self, index: _Optional[int] = ..., status: _Optional[_Union[GetStatus, str]] = ..., reason: _Optional[_Union[MissReason, str]] = ...) -> None: ...

class HashScheme(_message.Message):
    __slots__ = ("algorithm", "era", "none_hash")
    ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    ERA_FIELD_NUMBER: _ClassVar[int]
    NONE_HASH_FIELD_NUMBER: _ClassVar[int]
    algorithm: HashAlgorithm
    era: HashEra
    none_hash: bytes
    def __init__(self, algorithm: _Optional[_Union[HashAlgorithm, str]] = ..., era: _Optional[_Union[HashEra, str]] = ..., none_hash: _Optional[bytes] = ...) -> None: ...

class MatchPrefixRequest(_message.Message):
    __slots__ = ("token_ids", "chunk_hashes", "scheme", "chunk_size", "partial_chunk", "mp", "in_process", "lease_millis", "client_id", "return_hashes")
    TOKEN_IDS_FIELD_NUMBER: _ClassVar[int]
    CHUNK_HASHES_FIELD_NUMBER: _ClassVar[int]
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    CHUNK_SIZE_FIELD_NUMBER: _ClassVar[int]
    PARTIAL_CHUNK_FIELD_NUMBER: _ClassVar[int]
    MP_FIELD_NUMBER: _ClassVar[int]
    IN_PROCESS_FIELD_NUMBER: _ClassVar[int]
    LEASE_MILLIS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    RETURN_HASHES_FIELD_NUMBER: _ClassVar[int]
    token_ids: _containers.RepeatedScalarFieldContainer[int]
    chunk_hashes: _containers.RepeatedScalarFieldContainer[bytes]
    scheme: HashScheme
    chunk_size: int
    partial_chunk: bool
    mp: MpKeys
    in_process: InProcessKeys
    lease_millis: int
    client_id: str
    return_hashes: bool
    def __init__(self, token_ids: _Optional[_Iterable[int]] = ..., chunk_hashes: _Optional[_Iterable[bytes]] = ..., scheme: _Optional[_Union[HashScheme, _Mapping]] = ..., chunk_size: _Optional[int] = ..., partial_chunk: bool = ..., mp: _Optional[_Union[MpKeys, _Mapping]] = ..., in_process: _Optional[_Union[InProcessKeys, _Mapping]] = ..., lease_millis: _Optional[int] = ..., client_id: _Optional[str] = ..., return_hashes: bool = ...) -> None: ...

class MpKeys(_message.Message):
    __slots__ = ("model_name", "world_size", "kv_ranks", "object_groups", "cache_salt")
    MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    KV_RANKS_FIELD_NUMBER: _ClassVar[int]
    OBJECT_GROUPS_FIELD_NUMBER: _ClassVar[int]
    CACHE_SALT_FIELD_NUMBER: _ClassVar[int]
    model_name: str
    world_size: int
    kv_ranks: _containers.RepeatedScalarFieldContainer[int]
    object_groups: _containers.RepeatedScalarFieldContainer[int]
    cache_salt: str
    def __init__(self, model_name: _Optional[str] = ..., world_size: _Optional[int] = ..., kv_ranks: _Optional[_Iterable[int]] = ..., object_groups: _Optional[_Iterable[int]] = ..., cache_salt: _Optional[str] = ...) -> None: ...

class InProcessKeys(_message.Message):
    __slots__ = ("model_name", "world_size", "worker_ids", "dtype", "tags")
    MODEL_NAME_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    WORKER_IDS_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    model_name: str
    world_size: int
    worker_ids: _containers.RepeatedScalarFieldContainer[int]
    dtype: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, model_name: _Optional[str] = ..., world_size: _Optional[int] = ..., worker_ids: _Optional[_Iterable[int]] = ..., dtype: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ...) -> None: ...

class MatchPrefixResponse(_message.Message):
    __slots__ = ("matched_tokens", "matched_chunks", "matched_bytes", "chunks", "checked_chunks", "missing_key", "chunk_hashes", "lease_id", "lease_millis")
    MATCHED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MATCHED_CHUNKS_FIELD_NUMBER: _ClassVar[int]
    MATCHED_BYTES_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    CHECKED_CHUNKS_FIELD_NUMBER: _ClassVar[int]
    MISSING_KEY_FIELD_NUMBER: _ClassVar[int]
    CHUNK_HASHES_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    LEASE_MILLIS_FIELD_NUMBER: _ClassVar[int]
    matched_tokens: int
    matched_chunks: int
    matched_bytes: int
    chunks: int
    checked_chunks: int
    missing_key: bytes
    chunk_hashes: _containers.RepeatedScalarFieldContainer[bytes]
    lease_id: int
    lease_millis: int
    def __init__(self, matched_tokens: _Optional[int] = ..., matched_chunks: _Optional[int] = ..., matched_bytes: _Optional[int] = ..., chunks: _Optional[int] = ..., checked_chunks: _Optional[int] = ..., missing_key: _Optional[bytes] = ..., chunk_hashes: _Optional[_Iterable[bytes]] = ..., lease_id: _Optional[int] = ..., lease_millis: _Optional[int] = ...) -> None: ...

class HashCheck(_message.Message):
    __slots__ = ("scheme", "chunk_size", "chunk_hash")
    SCHEME_FIELD_NUMBER: _ClassVar[int]
    CHUNK_SIZE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_HASH_FIELD_NUMBER: _ClassVar[int]
    scheme: HashScheme
    chunk_size: int
    chunk_hash: bytes
    def __init__(self, scheme: _Optional[_Union[HashScheme, _Mapping]] = ..., chunk_size: _Optional[int] = ..., chunk_hash: _Optional[bytes] = ...) -> None: ...

class HashCheckResult(_message.Message):
    __slots__ = ("agrees", "chunk_hash", "message")
    AGREES_FIELD_NUMBER: _ClassVar[int]
    CHUNK_HASH_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    agrees: bool
    chunk_hash: bytes
    message: str
    def __init__(self, agrees: bool = ..., chunk_hash: _Optional[bytes] = ..., message: _Optional[str] = ...) -> None: ...
