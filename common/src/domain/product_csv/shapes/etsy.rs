//! Etsy's listings, in the languages of its sellers. They have no category.

use super::{FieldNames, ShopShape, generic};

pub(super) const SHAPE: ShopShape = ShopShape {
    marks: &[
        &["CURRENCY_CODE"],
        &[
            "IMAGE1",
            "IMMAGINE1",
            "BILD1",
            "IMAGEN1",
            "IMAGEM1",
            "AFBEELDING1",
        ],
    ],
    names: FieldNames {
        name: &["TITLE", "TITOLO", "TITEL", "TITRE", "TÍTULO"],
        category: &["category"],
        ..generic::SHAPE.names
    },
    ..ShopShape::EMPTY
};
