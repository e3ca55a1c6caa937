-- GET by id of random products. Arguments: the seller, the lowest id, how many.
function init(args)
    wrk.headers["X-Seller-Id"] = args[1]
    low, count = tonumber(args[2]), tonumber(args[3])
    math.randomseed(os.time())
end

function request()
    return wrk.format("GET", "/api/products/" .. (low + math.random(0, count - 1)))
end
