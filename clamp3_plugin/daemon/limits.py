"""How long what comes in and goes out may be."""

KIB, MIB = 1 << 10, 1 << 20
HEAD_LIMIT = 16 * KIB  # h11's own limit is for heads that come in pieces
BODY_LIMIT = 64 * KIB
CONTENT_LIMIT = 24 * MIB  # 16 MiB of score in base64, and the question around it
UPLOAD_LIMIT = 64 * MIB
