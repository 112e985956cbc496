//! Downloads one file with hf-hub, as its users do. Arguments: `blocking` or `tokio`, the endpoint, the
//! cache, the repository, the file. Prints the path. With a cache that has the beginning of the file it
//! goes on with it, as the crate does. The blocking one takes the file in one range and resumes it when the
//! connection breaks; the other takes pieces of a MiB, one after the other, and gives up when it does.
use hf_hub::{api::sync, api::tokio, Repo, RepoType};

fn main() {
    let [kind, endpoint, cache, repository, file]: [String; 5] = std::env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .expect("kind, endpoint, cache, repository, file");
    let repo = Repo::new(repository, RepoType::Model);
    let path = if kind == "blocking" {
        let api = sync::ApiBuilder::new()
            .with_endpoint(endpoint)
            .with_cache_dir(cache.into())
            .with_progress(false)
            .with_retries(2)
            .build()
            .expect("an API");
        api.repo(repo).get(&file).map_err(|e| e.to_string())
    } else {
        let runtime = ::tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let api = tokio::ApiBuilder::new()
                .with_endpoint(endpoint)
                .with_cache_dir(cache.into())
                .with_progress(false)
                .with_max_files(1)
                .with_chunk_size(Some(1024 * 1024))
                .build()
                .expect("an API");
            api.repo(repo).get(&file).await.map_err(|e| e.to_string())
        })
    };
    match path {
        Ok(path) => println!("{}", path.display()),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}
