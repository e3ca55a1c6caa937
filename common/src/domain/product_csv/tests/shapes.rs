//! The exports of known shops, in files of our own making: each row is a product with name, key,
//! price in cents, stock and category, or what else became of it.

use super::*;
use crate::domain::money::Price;

fn shown(row: &FileRow) -> String {
    match row {
        FileRow::Product(row) => {
            let product = &row.product;
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            format!(
                "{}|{}|{}|{}|{}",
                text(&product.name),
                text(&product.sku),
                product.price.map_or(0, Price::cents),
                product.quantity,
                product.category
            )
        }
        FileRow::Skipped(reason) => format!("{reason:?}"),
        FileRow::Rejected(reject) => format!("{} {}", reject.column, reject.code),
    }
}

/// What a file becomes, and again from every row on.
fn assert_read(file: &str, preset: ImportPreset, wanted: &[&str]) -> Vec<FileRow> {
    let plan = planned(file.as_bytes(), &ImportOptions::default());
    assert_eq!(plan.preset, preset, "{file}");
    let rows = rows_from(file.as_bytes(), &plan, &plan.start);
    assert_eq!(
        rows.iter().map(shown).collect::<Vec<_>>(),
        wanted,
        "{preset:?}"
    );
    let start = usize::try_from(plan.start.byte).unwrap();
    let mut reader = RowReader::new(&file.as_bytes()[start..], &plan, &plan.start);
    for read in 1..=rows.len() {
        reader.next_row().unwrap();
        assert_eq!(
            rows_from(file.as_bytes(), &plan, &reader.position()),
            rows[read..]
        );
    }
    rows
}

/// Red when: a shop's column is not known, or a list of categories is taken whole.
#[test]
fn shops_with_a_row_for_each_product() {
    assert_read(
        "TITEL,BESCHREIBUNG,PREIS,CURRENCY_CODE,MENGE,SCHLAGWÖRTER,BILD1,SKU\nVase,Ton,18,EUR,3,\"a,b\",v.jpg,V-1\nKrug,,22.50,EUR,1,,k.jpg,\n",
        ImportPreset::Etsy,
        &[
            "Vase|V-1|1800|3|Uncategorized",
            "Krug||2250|1|Uncategorized",
        ],
    );
    let rows = assert_read(
        "Product ID;Active (0/1);Name *;Categories (x,y,z...);Price tax excluded;Reference #;Quantity;Low stock level;Summary;Description\n7;1;Cap;Hats,New;12.500000;CAP-1;4;2;Short;\n",
        ImportPreset::Prestashop,
        &["Cap|CAP-1|1250|4|Hats"],
    );
    assert_eq!(
        product(&rows[0]).product.description.as_deref(),
        Some("Short")
    );
    assert_eq!(product(&rows[0]).product.low_stock_threshold, Some(2));
    assert_read(
        "item-name\titem-description\tlisting-id\tseller-sku\tprice\tquantity\tasin1\nPan 28\" wide\t\tL1\tP-28\t30.00\t\tB1\n\"Lid\t\tL2\tL-28\t9.50\t3\tB2\n",
        ImportPreset::Amazon,
        &[
            "Pan 28\" wide|P-28|3000|0|Uncategorized",
            "\"Lid|L-28|950|3|Uncategorized",
        ],
    );
    assert_read(
        "\"Item number\",\"Title\",\"Custom label (SKU)\",\"Available quantity\",\"Start price\",\"Current price\",\"eBay category 1 name\"\n\"1\",\"Lamp\",\"L-1\",\"2\",\"5.00\",\"6.00\",\"Light\"\n\"2\",\"Bulb\",\"B-1\",\"9\",\"1.50\",\"\",\"Light\"\n",
        ImportPreset::Ebay,
        &["Lamp|L-1|600|2|Light", "Bulb|B-1|150|9|Light"],
    );
    assert_read(
        "id,default_code,name,type,categ_id/name,list_price,qty_available,attribute_line_ids/id\np1,D-1,Desk,Storable Product,Furniture,99.0,3.0,l1\n,,,,,,,l2\np2,D-2,Delivery,Service,Services,0.0,0.0,\n",
        ImportPreset::Odoo,
        &["Desk|D-1|9900|3|Furniture", "Blank", "list_price MIN"],
    );
    assert_read(
        "sku,attribute_set_code,product_type,categories,name,price,qty,notify_on_stock_below\nT-S,Default,simple,Root/Tees,Tee S,9.000000,5.0000,1.0000\nT,Default,configurable,\"Root/Tees,Root/New\",Tee,,0.0000,1.0000\nC,Default,simple,\"Root/Caps,Root/Sale\",Cap,7.500000,2.0000,\n",
        ImportPreset::Magento,
        &[
            "Tee S|T-S|900|5|Root/Tees",
            "Parent",
            "Cap|C|750|2|Root/Caps",
        ],
    );
}

/// Red when: a variant has no name of its own, takes over nothing, or its parent is a product.
#[test]
fn shops_with_a_row_for_each_variant() {
    assert_read(
        "handleId,fieldType,name,description,collection,sku,price,surcharge,inventory,productOptionName1,productOptionDescription1,productOptionDescription2\np1,Product,Shirt,Soft,Tops;New,,20.00,,InStock,Size,S;M,Red\np1,Variant,,,,SH-S,,0.0,4,,S,Red\np1,Variant,,,,SH-M,,1.5,InStock,,M,Red\np1,Variant,,,,SH-L,,,OutOfStock,,L,\np2,Product,Towel,,Bath,TO,8.00,,12,,,\n",
        ImportPreset::Wix,
        &[
            "Parent",
            "Shirt - S / Red|SH-S|2000|4|Tops",
            "Shirt - M / Red|SH-M|2150|0|Tops",
            "Shirt - L|SH-L|2000|0|Tops",
            "Towel|TO|800|12|Bath",
        ],
    );
    assert_read(
        "name , description , facets , optionGroups , optionValues , sku , price , stockOnHand\nLamp , \"Brass, big\" , brand:Nord|category:Light , cord , 1 m , L-1 , 49.90 , 14\n , , , , 2 m , L-2 , 52.90 , 9\nVase , , , , , V-1 , 12.00 , 3\n",
        ImportPreset::Vendure,
        &[
            "Lamp - 1 m|L-1|4990|14|Light",
            "Lamp - 2 m|L-2|5290|9|Light",
            "Vase|V-1|1200|3|Uncategorized",
        ],
    );
    let rows = assert_read(
        "Token,Item Name,Variation Name,SKU,Description,Category,Price,Current Quantity Mill,Current Quantity Dock,Stock Alert Count Mill\nA,Tea,Regular,TEA,,Drinks,4.00,20,4,6\nB,Beans,1 kg,B-1,Dark,Beans,30.00,5,,\nC,Card,Regular,CARD,,Gifts,variable,,,\n",
        ImportPreset::Square,
        &[
            "Tea|TEA|400|24|Drinks",
            "Beans - 1 kg|B-1|3000|5|Beans",
            "Price TYPE",
        ],
    );
    assert_eq!(product(&rows[0]).product.low_stock_threshold, Some(6));
    assert_read(
        "Product ID [Non Editable],Variant ID [Non Editable],Product Page,Title,Description,SKU,Option Name 1,Option Value 1,Price,Stock,Categories\na,1,shop,Print,,P-3,Size,A3,18.00,25,\"Art, Gifts\"\n,2,,,,P-2,,A2,26.00,Unlimited,\nb,3,shop,Frame,,F-3,,,30.00,4,Frames\n",
        ImportPreset::Squarespace,
        &[
            "Print - A3|P-3|1800|25|Art",
            "Print - A2|P-2|2600|0|Art",
            "Frame|F-3|3000|4|Frames",
        ],
    );
    assert_read(
        "Item Type,Product ID,Product Name,Product Code/SKU,Product Description,Price,Track Inventory,Current Stock Level,Low Stock Level,Category\nProduct,7,Boot,BO,Warm,45.00,by option,0,0,Shoes/Winter;Shoes/New\n  SKU,,\"[S]Size=38,[CS]Colour=Red\",BO-38,,,,6,2,\n  SKU,,[S]Size=39,BO-39,,47.00,,0,2,\nProduct,8,Lace,LA,,5.00,by product,33,5,Care\n",
        ImportPreset::Bigcommerce,
        &[
            "Parent",
            "Boot - 38 / Red|BO-38|4500|6|Shoes/Winter",
            "Boot - 39|BO-39|4700|0|Shoes/Winter",
            "Lace|LA|500|33|Care",
        ],
    );
}

/// Red when: stock of one outlet is taken for all of it, or the mapping does not show what adds up.
#[test]
fn stock_by_outlet_adds_up() {
    let file = "id,handle,sku,composite_handle,name,type,variant_option_one_value,retail_price,inventory_Quay,reorder_point_Quay,inventory_Mill\n1,cup,10,,Cup,Cups,,9.50,12,4,7\n2,bag,11,,Bag,Bags,Blue,14.00,,3,2\n2,bag,12,,Bag,Bags,Red,14.00,x,3,1\n";
    assert_read(
        file,
        ImportPreset::Lightspeed,
        &[
            "Cup|10|950|19|Cups",
            "Bag - Blue|11|1400|2|Bags",
            "inventory_Quay TYPE",
        ],
    );
    let plan = planned(file.as_bytes(), &ImportOptions::default());
    let stock = ColumnRole::Field(ProductField::Quantity);
    let columns = plan.columns.iter().filter(|column| column.role == stock);
    let names: Vec<&str> = columns.map(|column| column.header.as_str()).collect();
    assert_eq!(names, ["inventory_Quay", "inventory_Mill"]);
    let mapped = planned(
        file.as_bytes(),
        &options(&[("map", "inventory_Mill=quantity")]),
    );
    let rows = rows_from(file.as_bytes(), &mapped, &mapped.start);
    assert_eq!(product(&rows[0]).product.quantity, 7);
}

/// Red when: one of several prices is chosen silently, or the choice is not named.
#[test]
fn a_price_for_each_currency_is_asked_for() {
    let file = "Product Handle;Product Title;Product Type;Product Collection Title;Variant Title;Variant SKU;Variant Inventory Quantity;Price EUR;Price USD\nmug;Mug;;Table;Small;M-S;4;9.00;10.00\ntray;Tray;Trays;;One;T;3;25.00;28.00\n";
    let refused = super::super::plan(file.as_bytes(), true, &ImportOptions::default());
    let message = refused.unwrap_err().to_string();
    for part in ["map=Price EUR=price", "map=Price USD=price"] {
        assert!(message.contains(part), "{message}");
    }
    let plan = planned(file.as_bytes(), &options(&[("map", "Price USD=price")]));
    assert_eq!(plan.preset, ImportPreset::Medusa);
    let rows = rows_from(file.as_bytes(), &plan, &plan.start);
    let shown: Vec<String> = rows.iter().map(shown).collect();
    assert_eq!(
        shown,
        ["Mug - Small|M-S|1000|4|Table", "Tray|T|2800|3|Trays"]
    );
}

/// Red when: a name is suggested for a column that no person would mean.
#[test]
fn ids_and_addresses_are_not_suggested() {
    let file = b"product-id,product-url,headline,cost\n1,http://x,A,2\n";
    let error = super::super::plan(file, true, &ImportOptions::default()).unwrap_err();
    assert!(!error.to_string().contains("did you mean"), "{error}");
}

/// Red when: a plain word of one of seven languages is not known.
#[test]
fn plain_words_are_known_in_seven_languages() {
    for header in [
        "item_name,unitsInStock,categories,price",
        "nom,quantité,catégorie,prix",
        "Bezeichnung,Bestand,Kategorie,Preis",
        "nombre,cantidad,categoría,precio",
        "nome,quantità,categoria,prezzo",
        "nome,quantidade,categoria,preço",
        "naam,voorraad,categorie,prijs",
    ] {
        let rows = read(format!("{header}\nA,7,x,1.50\n").as_bytes());
        assert_eq!(shown(&rows[0]), "A||150|7|x", "{header}");
    }
}
