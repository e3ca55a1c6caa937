//! Exports of known shops, in files of our own making.

use super::*;

const SHOPIFY: &str = "\
Handle,Title,Body (HTML),Vendor,Product Category,Type,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,Variant Inventory Qty,Variant Price,Image Src
shirt,Shirt,\"<p>Soft,
warm</p>\",Acme,,Tops,Size,L,Colour,Red,SH-1,4,20.00,http://a/1
shirt,,,,,,,M,,Red,,2,21.00,http://a/2
shirt,,,,,,,,,,,,,http://a/3
lamp,Lamp,,Acme,Home > Lamps,Light,Title,Default Title,,,,7,5,
stray,,,,,,,S,,,,1,3,
";

const SHOPIFY_NEW: &str = "\
Title,URL handle,Description,Vendor,Product category,Type,SKU,Option1 name,Option1 value,Price,Inventory quantity,Product image URL
Mug,mug,Blue,Acme,Kitchen,,M-1,Size,Big,9.5,3,http://a/1
,mug,,,,,,,Small,8.5,,
,mug,,,,,,,,,,http://a/2
";

#[test]
fn shopify_variants_take_over_from_the_first_row() {
    let plan = planned(SHOPIFY.as_bytes(), &ImportOptions::default());
    assert_eq!(
        (plan.preset, plan.mode),
        (ImportPreset::Shopify, ImportMode::Upsert)
    );
    let rows = rows_from(SHOPIFY.as_bytes(), &plan, &plan.start);
    let (large, medium, lamp) = (product(&rows[0]), product(&rows[1]), product(&rows[3]));
    assert_eq!(large.product.name.as_deref(), Some("Shirt - L / Red"));
    assert_eq!(large.product.sku.as_deref(), Some("SH-1"));
    assert_eq!(medium.product.name.as_deref(), Some("Shirt - M / Red"));
    assert_eq!(medium.product.sku.as_deref(), Some("shirt/M/Red"));
    assert_eq!(medium.product.category, "Tops");
    assert_eq!(medium.product.description, large.product.description);
    assert_eq!(rows[2], FileRow::Skipped(SkipReason::Image));
    assert_eq!(lamp.product.name.as_deref(), Some("Lamp"));
    assert_eq!(lamp.product.sku.as_deref(), Some("lamp"));
    assert_eq!(lamp.product.category, "Home > Lamps");
    let stray = &product(&rows[4]).product;
    assert_eq!(stray.missing(), Some(ProductField::Name));
    assert_eq!(plan.attribute_columns(), ["Vendor", "Image Src"]);
}

#[test]
fn shopify_has_a_newer_header() {
    let rows = read(SHOPIFY_NEW.as_bytes());
    let (big, small) = (&product(&rows[0]).product, &product(&rows[1]).product);
    assert_eq!((big.name.as_deref(), big.quantity), (Some("Mug - Big"), 3));
    assert_eq!(
        (small.name.as_deref(), small.quantity),
        (Some("Mug - Small"), 0)
    );
    assert_eq!(small.sku.as_deref(), Some("mug/Small"));
    assert_eq!(small.category, "Kitchen");
    assert_eq!(rows[2], FileRow::Skipped(SkipReason::Image));
}

#[test]
fn shopify_keys_stay_within_the_limit_and_apart() {
    let handle = "h".repeat(120);
    let file = format!(
        "Handle,Title,Option1 Value,Variant Price\n{handle},T,A,1\n{handle},,B,1\n{handle},,A,1\n"
    );
    let rows = read(file.as_bytes());
    let keys: Vec<&str> = rows
        .iter()
        .map(|row| product(row).product.sku.as_deref().unwrap())
        .collect();
    assert_eq!(keys[0].len(), 100);
    assert_ne!(keys[0], keys[1]);
    assert_eq!(keys[0], keys[2]);
}

#[test]
fn woocommerce_speaks_four_languages() {
    for header in [
        "ID,Type,SKU,Name,Short description,Description,Stock,Low stock amount,Sale price,Regular price,Categories,Parent",
        "ID,Type,UGS,Nom,Description courte,Description,Stock,Montant de stock faible,Tarif promo,Tarif régulier,Catégories,Parent",
        "ID,Typ,Artikelnummer,Name,Kurzbeschreibung,Beschreibung,Lager,Geringe Lagermenge,Angebotspreis,Regulärer Preis,Kategorien,Übergeordnetes Produkt",
        "ID,Tipo,SKU,Nombre,Descripción corta,Descripción,Inventario,Cantidad de bajo inventario,Precio rebajado,Precio normal,Categorías,Superior",
    ] {
        let file = format!(
            "{header}\n\
             1,variable,P,Tee,,,,,,,\"Tops > Tees, Sale\",\n\
             2,variation,P-1,Tee - Red,,\"Line\\nbreak\",parent,,8,10,,P\n\
             3,variation,P-2,Tee - Blue,,,3,1,,10,,id:1\n\
             4,simple,S,Sock,Warm,,,,,2,\"Salt\\, pepper\",\n\
             5,simple,X,Box,,,1,,,,,\n\
             6,grouped,G,Set,,,,,,,,\n"
        );
        let plan = planned(file.as_bytes(), &ImportOptions::default());
        assert_eq!(plan.preset, ImportPreset::Woocommerce, "{header}");
        let rows = rows_from(file.as_bytes(), &plan, &plan.start);
        let parent = FileRow::Skipped(SkipReason::Parent);
        assert_eq!((&rows[0], &rows[5]), (&parent, &parent));
        let (red, blue) = (product(&rows[1]), product(&rows[2]));
        assert_eq!(red.product.category, "Tops > Tees");
        assert_eq!(red.product.description.as_deref(), Some("Line\nbreak"));
        assert_eq!(
            (red.product.quantity, red.product.price.unwrap().cents()),
            (0, 1000)
        );
        assert!(!red.given.contains(FieldSet::QUANTITY));
        assert_eq!(red.product.attributes.as_ref().unwrap().len(), 2);
        assert_eq!(blue.product.category, "Tops > Tees");
        assert_eq!(
            (blue.product.quantity, blue.product.low_stock_threshold),
            (3, Some(1))
        );
        let sock = &product(&rows[3]).product;
        assert_eq!(sock.description.as_deref(), Some("Warm"));
        assert_eq!(sock.category, "Salt, pepper");
        let boxed = &product(&rows[4]).product;
        assert_eq!(boxed.missing(), Some(ProductField::Price));
    }
}

#[test]
fn a_preset_can_be_forced_and_refused() {
    let generic = options(&[("preset", "generic")]);
    let plan = planned(
        b"Handle,Title,Option1 Value,Variant Price,Price\nh,T,A,1,2\n",
        &generic,
    );
    assert_eq!(
        (plan.preset, plan.mode),
        (ImportPreset::Generic, ImportMode::Create)
    );
    let shopify = options(&[("preset", "shopify")]);
    let error = super::super::plan(b"name,amount\n", true, &shopify).unwrap_err();
    assert!(error.to_string().contains("Variant Price"), "{error}");
}

#[test]
fn reading_goes_on_after_any_row() {
    let woo = "ID_NAMES,Type,SKU,Name,Regular price,Categories,Parent\n\
               1,variable,P,Tee,,Tops,\n2,variation,P-1,Red,1,,P\n3,variation,P-2,Blue,1,,P\n";
    for file in [SHOPIFY, SHOPIFY_NEW, woo] {
        let plan = planned(file.as_bytes(), &ImportOptions::default());
        let whole = rows_from(file.as_bytes(), &plan, &plan.start);
        let start = usize::try_from(plan.start.byte).unwrap();
        let mut reader = RowReader::new(&file.as_bytes()[start..], &plan, &plan.start);
        for read in 1..=whole.len() {
            reader.next_row().unwrap();
            let json = serde_json::to_string(&reader.position()).unwrap();
            let from = serde_json::from_str(&json).unwrap();
            assert_eq!(rows_from(file.as_bytes(), &plan, &from), whole[read..]);
        }
    }
}
