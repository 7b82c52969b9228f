-- A project of ten thousand images is opened without reading their records: the list of ids comes
-- from one index, and an image of the same content is found by the other.
CREATE INDEX image_order ON image (position, id);
CREATE INDEX image_content ON image (json_extract(record, '$.identity.quick_sha256'));
CREATE INDEX result_image_image ON result_image (image_id);
