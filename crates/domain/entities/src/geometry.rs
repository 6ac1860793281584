//! Geometry between databases and `GeoJSON` (RFC 7946): MySQL's form is the SRID in four bytes and then
//! WKB (OGC 06-103r4, 8.2).

use serde_json::{Map, Value as Json, json};

/// How deep collections may be nested.
const MAX_DEPTH: usize = 8;
/// The longest name of a reference system: `EPSG:` and ten digits.
const EPSG: &str = "EPSG:";
const COLLECTION: u32 = 7;

/// The `GeoJSON` of a geometry; `None` where it is none that is known. One of another reference system
/// than 0 says which in `crs`, as `GeoJSON` did before RFC 7946.
pub(crate) fn to_geo_json(bytes: &[u8]) -> Option<Json> {
    let (srid, rest) = bytes.split_at_checked(4)?;
    let srid = u32::from_le_bytes(srid.try_into().ok()?);
    let mut reader = Reader { rest, little: true };
    let mut geometry = reader.geometry(MAX_DEPTH)?;
    if !reader.rest.is_empty() {
        return None;
    }
    if srid != 0
        && let Json::Object(members) = &mut geometry
    {
        let name = format!("{EPSG}{srid}");
        members.insert("crs".to_owned(), json!({ "type": "name", "properties": { "name": name } }));
    }
    Some(geometry)
}

/// The geometry of a `GeoJSON` object; `None` where it is none.
pub(crate) fn from_geo_json(json: &Json) -> Option<Vec<u8>> {
    let members = json.as_object()?;
    let srid = match members.get("crs") {
        None | Some(Json::Null) => 0,
        Some(crs) => crs.pointer("/properties/name")?.as_str()?.strip_prefix(EPSG)?.parse::<u32>().ok()?,
    };
    let mut bytes = srid.to_le_bytes().to_vec();
    write(members, &mut bytes, MAX_DEPTH)?;
    Some(bytes)
}

struct Reader<'a> {
    rest: &'a [u8],
    little: bool,
}

impl Reader<'_> {
    fn geometry(&mut self, depth: usize) -> Option<Json> {
        let depth = depth.checked_sub(1)?;
        let (order, rest) = self.rest.split_first()?;
        self.rest = rest;
        self.little = *order == 1;
        let kind = self.number()?;
        let name = name_of(kind)?;
        if kind == COLLECTION {
            let geometries = self.many(|reader| reader.geometry(depth))?;
            return Some(json!({ "type": name, "geometries": geometries }));
        }
        let coordinates = match kind {
            1 => self.point()?,
            2 => self.many(Self::point)?,
            3 => self.many(|reader| reader.many(Self::point))?,
            // Each part has a head of its own.
            _ => self.many(|reader| reader.geometry(depth)?.get_mut("coordinates").map(Json::take))?,
        };
        Some(json!({ "type": name, "coordinates": coordinates }))
    }

    fn point(&mut self) -> Option<Json> {
        Some(json!([self.coordinate()?, self.coordinate()?]))
    }

    /// A number of things. What is said to come has to be there: no room is made ahead of it.
    fn many(&mut self, mut one: impl FnMut(&mut Self) -> Option<Json>) -> Option<Json> {
        let count = self.number()?;
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(one(self)?);
        }
        Some(Json::Array(all))
    }

    fn number(&mut self) -> Option<u32> {
        let (bytes, rest) = self.rest.split_at_checked(4)?;
        self.rest = rest;
        let bytes = bytes.try_into().ok()?;
        Some(if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn coordinate(&mut self) -> Option<f64> {
        let (bytes, rest) = self.rest.split_at_checked(8)?;
        self.rest = rest;
        let bytes = bytes.try_into().ok()?;
        let number = if self.little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) };
        number.is_finite().then_some(number)
    }
}

fn write(members: &Map<String, Json>, bytes: &mut Vec<u8>, depth: usize) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let kind = (1..=COLLECTION).find(|kind| name_of(*kind) == members.get("type").and_then(Json::as_str))?;
    bytes.push(1);
    bytes.extend(kind.to_le_bytes());
    if kind == COLLECTION {
        let geometries = members.get("geometries")?.as_array()?;
        write_count(geometries, bytes)?;
        return geometries.iter().try_for_each(|geometry| write(geometry.as_object()?, bytes, depth));
    }
    let coordinates = members.get("coordinates")?;
    match kind {
        1 => write_point(coordinates, bytes),
        2 => write_points(coordinates, 2, bytes),
        3 => write_rings(coordinates, bytes),
        _ => {
            let parts = coordinates.as_array()?;
            write_count(parts, bytes)?;
            parts.iter().try_for_each(|part| {
                let part = json!({ "type": name_of(kind - 3)?, "coordinates": part });
                write(part.as_object()?, bytes, depth)
            })
        }
    }
}

fn write_rings(rings: &Json, bytes: &mut Vec<u8>) -> Option<()> {
    let rings = rings.as_array()?;
    write_count(rings, bytes)?;
    rings.iter().try_for_each(|ring| {
        let closed = ring.as_array().is_some_and(|ring| ring.first() == ring.last());
        if closed { write_points(ring, 4, bytes) } else { None }
    })
}

fn write_points(points: &Json, least: usize, bytes: &mut Vec<u8>) -> Option<()> {
    let points = points.as_array().filter(|points| points.len() >= least)?;
    write_count(points, bytes)?;
    points.iter().try_for_each(|point| write_point(point, bytes))
}

fn write_point(point: &Json, bytes: &mut Vec<u8>) -> Option<()> {
    let [x, y] = point.as_array()?.as_slice() else { return None };
    for coordinate in [x, y] {
        bytes.extend(coordinate.as_f64()?.to_le_bytes());
    }
    Some(())
}

fn write_count(items: &[Json], bytes: &mut Vec<u8>) -> Option<()> {
    bytes.extend(u32::try_from(items.len()).ok()?.to_le_bytes());
    Some(())
}

fn name_of(kind: u32) -> Option<&'static str> {
    Some(match kind {
        1 => "Point",
        2 => "LineString",
        3 => "Polygon",
        4 => "MultiPoint",
        5 => "MultiLineString",
        6 => "MultiPolygon",
        COLLECTION => "GeometryCollection",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_kind_of_geometry_comes_back_equal() {
        let ring = json!([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 0.0]]);
        for geometry in [
            json!({ "type": "Point", "coordinates": [-112.818_546_5, 49.699_986_1] }),
            json!({ "type": "LineString", "coordinates": [[1.0, 2.0], [3.0, 4.0]] }),
            json!({ "type": "Polygon", "coordinates": [ring, ring] }),
            json!({ "type": "MultiPoint", "coordinates": [[1.0, 2.0]] }),
            json!({ "type": "MultiLineString", "coordinates": [[[1.0, 2.0], [3.0, 4.0]]] }),
            json!({ "type": "MultiPolygon", "coordinates": [[ring], [ring]] }),
            json!({ "type": "GeometryCollection", "geometries": [{ "type": "Point", "coordinates": [1.0, 2.0] }] }),
            json!({ "type": "Point", "coordinates": [1.0, 2.0],
                "crs": { "type": "name", "properties": { "name": "EPSG:4326" } } }),
        ] {
            let bytes = from_geo_json(&geometry).unwrap_or_else(|| panic!("{geometry}"));
            assert_eq!(to_geo_json(&bytes), Some(geometry));
        }
    }

    #[test]
    fn what_is_no_geometry_is_refused() {
        for json in [
            json!({}),
            json!({ "type": "Point" }),
            json!({ "type": "Point", "coordinates": [1] }),
            json!({ "type": "Point", "coordinates": ["1", "2"] }),
            json!({ "type": "LineString", "coordinates": [[1, 2]] }),
            json!({ "type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 4], [0, 1]]] }),
            json!({ "type": "Circle", "coordinates": [1, 2] }),
        ] {
            assert_eq!(from_geo_json(&json), None, "{json}");
        }
        // A thousand million points are announced, and none comes.
        assert_eq!(to_geo_json(&[0, 0, 0, 0, 1, 2, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x3F]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_geometry_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some(geometry) = to_geo_json(&bytes) {
                prop_assert!(geometry.is_object());
            }
        }
    }
}
