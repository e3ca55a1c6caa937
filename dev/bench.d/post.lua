-- POST of products, by a hundred sellers.
local body = '{"name":"Bench lamp","description":"Warm light","price":19.99,"quantity":50,"category":"Light"}'
local headers = { ["Content-Type"] = "application/json" }

function request()
    headers["X-Seller-Id"] = "bench-" .. math.random(1, 100)
    return wrk.format("POST", "/api/products", headers, body)
end
