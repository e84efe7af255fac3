"""The `Split` layers that Caffe adds where a blob has several readers: what do they copy?"""


def is_added_split(node):
    """Whether it is a `Split` that Caffe added where a blob has several readers."""
    return node.type == "Split" and node.name.endswith("_split") and bool(node.bottoms)


def original_node(node):
    """The node whose blob a `Split` of Caffe's own copies; of any other node, itself."""
    return node.bottoms[0].maker if is_added_split(node) else node


def original_blob(blob):
    """The blob that a `Split` of Caffe's own copies; of any other blob, itself."""
    return blob.maker.bottoms[0] if is_added_split(blob.maker) else blob


def role_of_split(node, role):
    """The role of an added `Split` that copies a blob of a node with that role."""
    copied = node.bottoms[0]
    return f"{role} split {copied.maker.tops.index(copied)}"


def makers(node):
    """Who makes what a node reads, a node for each bottom; copies are looked through."""
    return [original_node(blob.maker) for blob in node.bottoms]


def readers(node):
    """Who reads what a node makes, in the net's order; copies are looked through."""
    found = {}
    for blob in node.tops:
        for reader in blob.readers:
            copies = reader.tops if is_added_split(reader) else ()
            found.update(dict.fromkeys(
                [last for copy in copies for last in copy.readers] if copies else [reader]))
    return list(found)
